package compare

// align puts the steps of two sessions side by side: first those whose keys
// are equal, as many as possible in order (Myers' greedy algorithm, "An O(ND)
// difference algorithm", 1986), then, in the gaps between them, those of the
// same name.
func align(a, b []*Step) []Pair {
	var pairs []Pair
	i, j := 0, 0
	for _, m := range append(common(a, b), match{len(a), len(b)}) {
		pairs = append(pairs, gap(a[i:m.a], b[j:m.b])...)
		if m.a < len(a) && m.b < len(b) {
			pairs = append(pairs, Pair{A: a[m.a], B: b[m.b]})
		}
		i, j = m.a+1, m.b+1
	}
	return pairs
}

// match is a place in either list where the same stands.
type match struct{ a, b int }

// mostEdits bounds the work: sessions that differ in more steps than this are
// aligned only as far as their common beginning, and by name behind it.
const mostEdits = 2000

// common finds a longest list of matches in order.
func common(a, b []*Step) []match {
	var head []match
	n := 0
	for n < len(a) && n < len(b) && a[n].key == b[n].key {
		head = append(head, match{n, n})
		n++
	}
	for _, m := range middle(a[n:], b[n:]) {
		head = append(head, match{m.a + n, m.b + n})
	}
	return head
}

// middle is common for lists that begin differently.
func middle(a, b []*Step) []match {
	most := min(len(a)+len(b), mostEdits)
	reach := make([]int, 2*most+3) // by diagonal: how far in a
	var trail [][]int
	for d := 0; d <= most; d++ {
		trail = append(trail, append([]int(nil), reach[most+1-d:most+2+d]...))
		for k := -d; k <= d; k += 2 {
			x := furthest(reach, most+1, k, d)
			for x < len(a) && x-k < len(b) && x-k >= 0 && a[x].key == b[x-k].key {
				x++
			}
			reach[most+1+k] = x
			if x >= len(a) && x-k >= len(b) {
				return walkBack(a, b, trail, d, k)
			}
		}
	}
	return nil
}

// furthest is where diagonal k begins after d edits.
func furthest(reach []int, zero, k, d int) int {
	if k == -d || k != d && reach[zero+k-1] < reach[zero+k+1] {
		return reach[zero+k+1]
	}
	return reach[zero+k-1] + 1
}

// walkBack gathers the matches of the path that middle found, last to first.
func walkBack(a, b []*Step, trail [][]int, d, k int) []match {
	var found []match
	x, y := len(a), len(b)
	for ; d >= 0; d-- {
		row := trail[d] // diagonals -d..d of the step before, at index k+d
		at := func(k int) int {
			if k+d < 0 || k+d >= len(row) {
				return 0
			}
			return row[k+d]
		}
		before := k - 1
		if k == -d || k != d && at(k-1) < at(k+1) {
			before = k + 1
		}
		fromX, fromY := 0, 0   // where the step before ended
		startX, startY := 0, 0 // where its edit led: the matches follow
		if d > 0 {
			fromX = at(before)
			fromY = fromX - before
			startX, startY = fromX, fromY+1
			if before == k-1 {
				startX, startY = fromX+1, fromY
			}
		}
		for x > startX && y > startY {
			x--
			y--
			found = append(found, match{x, y})
		}
		x, y, k = fromX, fromY, before
	}
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	return found
}

// gap pairs what stands between two matches: steps of the same name in order,
// the others alone.
func gap(a, b []*Step) []Pair {
	var pairs []Pair
	left := map[string]int{} // of b, by name
	for _, s := range b {
		left[s.Name]++
	}
	for _, x := range a {
		if left[x.Name] == 0 {
			pairs = append(pairs, Pair{A: x})
			continue
		}
		for b[0].Name != x.Name {
			left[b[0].Name]--
			pairs = append(pairs, Pair{B: b[0]})
			b = b[1:]
		}
		left[x.Name]--
		pairs = append(pairs, Pair{A: x, B: b[0]})
		b = b[1:]
	}
	for _, s := range b {
		pairs = append(pairs, Pair{B: s})
	}
	return pairs
}
