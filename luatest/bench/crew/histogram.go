package crew

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// resolution is how much a histogram's bucket is wider than the one before it: figures are right to 1 %.
const resolution = 1.01

var logResolution = math.Log(resolution)

// Histogram counts durations in buckets of 1 %. It is not safe for concurrent use. The zero value is empty.
type Histogram struct {
	Buckets [2600]int32 // up to 48 h
	Longest time.Duration
}

// sparse is a histogram as JSON: the buckets that count something.
type sparse struct {
	Buckets map[int]int32 `json:"buckets"`
	Longest time.Duration `json:"longest"`
}

// Add counts one.
func (h *Histogram) Add(d time.Duration) {
	h.Longest = max(h.Longest, d)
	i := 0
	if d > 1 {
		i = min(int(math.Log(float64(d))/logResolution), len(h.Buckets)-1)
	}
	h.Buckets[i]++
}

// Merge adds what another has counted.
func (h *Histogram) Merge(other *Histogram) {
	h.Longest = max(h.Longest, other.Longest)
	for i, n := range other.Buckets {
		h.Buckets[i] += n
	}
}

// MarshalJSON implements [json.Marshaler].
func (h *Histogram) MarshalJSON() ([]byte, error) {
	packed := sparse{map[int]int32{}, h.Longest}
	for i, n := range h.Buckets {
		if n > 0 {
			packed.Buckets[i] = n
		}
	}
	return json.Marshal(packed)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var packed sparse
	if err := json.Unmarshal(text, &packed); err != nil {
		return err
	}
	*h = Histogram{Longest: packed.Longest}
	for i, n := range packed.Buckets {
		if i < 0 || i >= len(h.Buckets) {
			return fmt.Errorf("bucket %d of a histogram of %d", i, len(h.Buckets))
		}
		h.Buckets[i] = n
	}
	return nil
}

// Count is how many were added.
func (h *Histogram) Count() int {
	n := 0
	for _, b := range h.Buckets {
		n += int(b)
	}
	return n
}

// Quantile is the value that a share q of all does not exceed: the middle of its bucket; 0 of an empty histogram.
func (h *Histogram) Quantile(q float64) time.Duration {
	left := int(math.Ceil(q * float64(h.Count())))
	if left == 0 {
		return 0
	}
	for i, n := range h.Buckets {
		if left -= int(n); left <= 0 {
			return min(h.Longest, time.Duration(math.Exp((float64(i)+0.5)*logResolution)))
		}
	}
	return h.Longest
}
