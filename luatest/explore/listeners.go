package explore

// Listeners does a call again and again: first while everybody listens, and then without some of those to whom it published,
// in every combination. call gets the clients that do not listen, a bit each, and says to whom it published and whether to
// go on; so does Listeners.
func Listeners(call func(deaf uint) (addressed uint, more bool)) bool {
	todo, seen := []uint{0}, map[uint]bool(nil)
	for len(todo) > 0 {
		deaf := todo[0]
		todo = todo[1:]
		addressed, more := call(deaf)
		if !more {
			return false
		}
		for left := addressed &^ deaf; left != 0; left &= left - 1 {
			next := deaf | left&-left
			if seen == nil {
				seen = map[uint]bool{}
			}
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return true
}

// Permutations lists every order of 0 … n-1, the unchanged one first.
func Permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, p := range Permutations(n - 1) {
		for at := n - 1; at >= 0; at-- {
			q := append([]int{}, p[:at]...)
			q = append(q, n-1)
			all = append(all, append(q, p[at:]...))
		}
	}
	return all
}
