package completion

// Scripts are what a shell has to read. Each asks "redilock __complete" with the words so far; no answer means files.
var Scripts = map[string]string{
	"bash": `# Completion of redilock in bash. Put this into ~/.bashrc:
#   source <(redilock completion bash)
_redilock() {
    local line words=()
    while IFS= read -r line; do
        words+=("${line%%$'\t'*}")
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    COMPREPLY=("${words[@]}")
}
complete -o bashdefault -o default -F _redilock redilock
`,
	"zsh": `#compdef redilock
# Completion of redilock in zsh. Put this into ~/.zshrc, after compinit:
#   source <(redilock completion zsh)
_redilock() {
    local line
    local -a found
    while IFS= read -r line; do
        found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( $#found )); then
        _describe redilock found
    else
        _files
    fi
}
compdef _redilock redilock
`,
	"fish": `# Completion of redilock in fish. Put this into ~/.config/fish/completions/redilock.fish:
#   redilock completion fish | source
function __redilock_words
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete $words[2..] 2>/dev/null
end
complete -c redilock -f
complete -c redilock -n 'test -z "$(__redilock_words)"' -F
complete -c redilock -k -a '(__redilock_words)'
`,
}
