// Package gen turns a folder of annotated Lua scripts for Redis into what every language needs to call them:
// flattened scripts, a manifest, typed bindings for Go and Python, and reference tables. It knows the grammar of a
// header and the rules of Lua on Redis, and nothing of what the scripts are for.
//
// The folder is laid out as primitive/vN/verb.lua, with fragments in primitive/vN/include. A header is the leading
// block of lines that begin with three dashes:
//
//	---@script PRIMITIVE.VERB                    the file must be PRIMITIVE/vN/VERB.lua
//	---@version N
//	---text                                      at least one line of documentation
//	---@key NAME[...] TYPE `{name}`[ LO..HI bytes][, text]
//	                                             a key that callers name: each word in braces is another one
//	---@key NAME TYPE companion `SUFFIX`[, text] a key derived from it, in the same cluster slot
//	---@arg NAME string LO..HI bytes[ = DEFAULT][, text]
//	---@arg NAME integer [ms, ]LO..HI[ = DEFAULT][, text]
//	---@arg NAME enum A|B|C[ = DEFAULT][, text]
//	---@require NAME when OTHER                  not empty, or not 0, where OTHER is neither
//	---@require NAME when OTHER [not ]A|B        not empty, or not 0, where the enum OTHER is, or is not, one of these
//	---@repeat safe|unsafe                       unsafe: a call that may have run must not be sent again
//	---@readonly                                 it can be called by EVALSHA_RO
//	---@publish PATTERN[, text]                  the channels that it publishes on, for the ACL rule
//	---@reply TAG [FIELD:TYPE ...]  [text]       an array: the tag, and the fields
//	---@return TYPE[, text]                      in place of @reply: an answer without a tag
//	---@error CODE text
//	---@example "KEY" ... | "ARG" ... => REPLY   a call on an empty server, and its reply in JSON ("...": anything) or
//						error CODE
//
// The type of a key is string, counter, hash, list, set, zset or stream. That of a field is string, integer, integer(ms),
// float (as text: a server cuts fractions off), boolean (1, or 0 or nil), strings, map (an array of names and values by
// turns) or list(FIELD:TYPE, ...), which is an array of arrays. A ? behind it (string?) says that it may be nil, and behind
// strings that each of them may. A name with ... behind it, that of the last key or argument, is there any number of times,
// at most 5,000; its local is a table. A default makes an argument optional,
// and then every one after it too; "" is the empty string. Keys and arguments are in the order of KEYS and ARGV. A line
// `---@include NAME`, anywhere in a script or fragment, is replaced in place by include/NAME.lua; a fragment may be
// included once in a script.
//
// A script with arguments has one line `---@arguments` below the header. It becomes flat code that makes a local of every
// key and argument, by its name in the header, and checks each argument in that order, the conditions of @require behind
// the later one of the two, and at last the numbers of keys and arguments. The first that is wrong is answered with an error
// that the script declares as BADARG: `BADARG name: why`. A number is plain decimal digits, with a minus where its range has
// one, and not more of them than the range has. Behind the checks, ARGV[i] of a required argument may be read as it came.
// What a header cannot say a script checks below that line, in the same words:
//
//	if successor == token then
//	  return redis.error_reply('BADARG successor: must not be the token itself')
//	end
//
// What is written into Options.Dist is a line with the script's name and version, and its code: comments go, and spaces
// follow from the tokens alone. So no edit of a comment or of a header's texts changes a SHA1. [Expanded] tells the source
// of each line. The header is in the manifest, in JSON.
//
// The code is Lua 5.1, as servers read it; what this package's parser lets pass and they do not is refused, as far as it is
// known, and [VerifyLoads] asks a server. Beyond that a script is refused that calls a command which is not on every server,
// blocks, or is not about declared keys, with too few or too many words or on a key of another type; that touches keys it
// does not declare; that publishes outside of the declared patterns; that loops without end; that returns what no @reply or
// @return declares.
//
// [Generate] writes the output, [Verify] compares it with what is there, [Load] gives the model to other tools, and
// [Pin] freezes what is released.
package gen
