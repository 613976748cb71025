package gen

import "slices"

// The rows of lists that several replies of a package have in common are one Go type, so that callers read them with the
// same code.

// sharedRow reports whether a list has its type in common: two replies of the package or more have a list of this name,
// and the rows of all of them are the same.
func sharedRow(group []*Script, list Field) bool {
	lists := listsOf(group, list.Name)
	return len(lists) > 1 && !slices.ContainsFunc(lists, func(f Field) bool { return !sameRows(f.Rows, list.Rows) })
}

// listsOf gives the lists of a name in the replies of a package.
func listsOf(group []*Script, name string) (lists []Field) {
	for _, s := range group {
		for _, r := range s.Replies {
			for _, f := range r.Fields {
				if f.Type == TypeList && f.Name == name {
					lists = append(lists, f)
				}
			}
		}
	}
	return lists
}

func sameRows(a, b []Field) bool {
	return slices.EqualFunc(a, b, func(a, b Field) bool {
		return a.Name == b.Name && a.Type == b.Type && a.Unit == b.Unit && a.Nullable == b.Nullable
	})
}

// rowName is the Go type of a list's rows.
func rowName(group []*Script, s *Script, r Reply, list Field) string {
	if sharedRow(group, list) {
		return goName(list.Name) + "Row"
	}
	return goName(s.Verb) + goName(r.Tag) + goName(list.Name) + "Row"
}

// sharedRows calls f for each list that has its type in common, once, with the script that has it first.
func sharedRows(group []*Script, f func(s *Script, list Field)) {
	seen := map[string]bool{}
	for _, s := range group {
		for _, r := range s.Replies {
			for _, list := range r.Fields {
				if list.Type == TypeList && sharedRow(group, list) && !seen[list.Name] {
					seen[list.Name] = true
					f(s, list)
				}
			}
		}
	}
}
