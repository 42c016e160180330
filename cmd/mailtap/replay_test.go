package main

import "testing"

func TestPace(t *testing.T) {
	for text, want := range map[string]float64{"max": 0, "1x": 1, "2": 2, "0.5x": 0.5} {
		if got, err := pace(text); err != nil || got != want {
			t.Errorf("pace(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "0x", "-1x", "NaN", "Inf", "2foox", "1e9"} {
		if got, err := pace(text); err == nil {
			t.Errorf("pace(%q) = %v", text, got)
		}
	}
}
