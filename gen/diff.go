package gen

import (
	"fmt"
	"strings"
)

const diffContext = 3

// diff shows how two texts differ, line by line, as a unified diff without hunk heads.
func diff(name, old, new string) string {
	a, b := strings.Split(old, "\n"), strings.Split(new, "\n")
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ generated\n", name)
	ops := editScript(a, b)
	last := -1 // the last line that was shown
	for i, op := range ops {
		near := false
		for j := max(0, i-diffContext); j <= min(len(ops)-1, i+diffContext); j++ {
			near = near || ops[j][0] != ' '
		}
		if !near {
			continue
		}
		if last != i-1 {
			out.WriteString("@@\n")
		}
		last = i
		out.WriteString(op + "\n")
	}
	return out.String()
}

// editScript gives each line of both texts once, behind ' ', '-' or '+', by the longest common subsequence.
func editScript(a, b []string) []string {
	var ops []string
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		ops = append(ops, " "+a[0])
		a, b = a[1:], b[1:]
	}
	common := make([][]int, len(a)+1) // common[i][j]: of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			ops = append(ops, " "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			ops = append(ops, "-"+a[i])
			i++
		default:
			ops = append(ops, "+"+b[j])
			j++
		}
	}
	return ops
}
