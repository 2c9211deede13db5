package scorer

import (
	"encoding/json"
	"math"
	"sort"
)

// Tree is parallel slices of its nodes; the feature of a leaf is -1.
type Tree struct {
	Feature     []int     `json:"feature"`
	Value       []float64 `json:"value"`
	MissingLeft []bool    `json:"missing_left"`
	Left        []int     `json:"left"`
	Right       []int     `json:"right"`
}

func (t *Tree) leaf(values []float64) float64 {
	node := 0
	for t.Feature[node] != -1 {
		x := values[t.Feature[node]]
		if x <= t.Value[node] || (math.IsNaN(x) && t.MissingLeft[node]) {
			node = t.Left[node]
		} else {
			node = t.Right[node]
		}
	}
	return t.Value[node]
}

// Trees are a list of trees, or in an ensemble a whole card of them.
type Trees struct {
	Trees []Tree
	Card  *Card
}

// UnmarshalJSON takes either.
func (t *Trees) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, &t.Trees)
	}
	return json.Unmarshal(data, &t.Card)
}

// Curve makes a probability of log-odds; none at all is the logistic function.
type Curve struct {
	Curve   string    `json:"curve"`
	Slope   *float64  `json:"slope"`
	Offset  float64   `json:"offset"`
	LogOdds []float64 `json:"log_odds"`
	Risks   []float64 `json:"risks"`
}

func (c *Curve) risk(x float64) float64 {
	if c == nil || c.Curve == "sigmoid" {
		if c != nil && c.Slope != nil {
			x *= *c.Slope
		}
		if c != nil {
			x += c.Offset
		}
		return 1 / (1 + math.Exp(-x))
	}
	right := sort.Search(len(c.LogOdds), func(i int) bool { return c.LogOdds[i] > x })
	if right == 0 || right == len(c.LogOdds) {
		return c.Risks[max(0, right-1)]
	}
	slope := (c.Risks[right] - c.Risks[right-1]) / (c.LogOdds[right] - c.LogOdds[right-1])
	return c.Risks[right-1] + slope*(x-c.LogOdds[right-1])
}
