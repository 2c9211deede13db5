// Scores one entry by a scorecard of afterclose, as docs/scorecard.md says. No dependencies.
// go run examples/scorer.go vectors.json   checks it against test vectors.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
)

type Curve struct {
	Curve   string
	Slope   *float64
	Offset  float64
	LogOdds []float64 `json:"log_odds"`
	Risks   []float64
}

type Tree struct {
	Feature, Left, Right []int
	Value                []float64
	MissingLeft          []bool `json:"missing_left"`
}

// Card is scorecard.json.
type Card struct {
	Kind    string
	Names   []string  `json:"feature_names"`
	Needed  []string  // cards of version 1 have none
	Mean    []float64 `json:"train_mean"`
	Std     []float64 `json:"train_std"`
	Imputed []float64 `json:"imputation_values"`
	Weights []float64
	AtMean  float64 `json:"log_odds_at_mean"`
	Base    float64
	Curve   Curve
	Linear  *Card
	Either  json.RawMessage `json:"trees"` // a list of Tree, or of an ensemble a whole Card
	trees   []Tree
	boosted *Card
}

func (c Curve) risk(x float64) float64 {
	if c.Curve != "isotonic" {
		if c.Slope != nil {
			x *= *c.Slope
		}
		return 1 / (1 + math.Exp(-x-c.Offset))
	}
	xs, ys := c.LogOdds, c.Risks // straight lines, flat outside
	right := sort.Search(len(xs), func(i int) bool { return xs[i] > x })
	if right == 0 {
		return ys[0]
	} else if right == len(xs) {
		return ys[right-1]
	}
	return ys[right-1] + (ys[right]-ys[right-1])/(xs[right]-xs[right-1])*(x-xs[right-1])
}

func (t Tree) leaf(values []float64) float64 {
	node := 0
	for t.Feature[node] != -1 {
		x := values[t.Feature[node]]
		if x <= t.Value[node] || math.IsNaN(x) && t.MissingLeft[node] {
			node = t.Left[node]
		} else {
			node = t.Right[node]
		}
	}
	return t.Value[node]
}

// UnmarshalJSON reads a scorecard of any kind.
func (c *Card) UnmarshalJSON(data []byte) error {
	type plain Card
	if err := json.Unmarshal(data, (*plain)(c)); err != nil || c.Either == nil {
		return err
	}
	if c.Kind == "ensemble" {
		return json.Unmarshal(c.Either, &c.boosted)
	}
	return json.Unmarshal(c.Either, &c.trees)
}

func (c *Card) risk(values []float64) float64 {
	if c.Kind == "ensemble" {
		return (c.Linear.risk(values) + c.boosted.risk(values)) / 2
	}
	logOdds := c.Base + c.AtMean
	for i, weight := range c.Weights {
		x := values[i]
		if math.IsNaN(x) {
			x = c.Imputed[i]
		}
		logOdds += weight * (x - c.Mean[i])
	}
	for _, tree := range c.trees {
		logOdds += tree.leaf(values)
	}
	return c.Curve.risk(logOdds)
}

// Risk is the probability of a bad trade; nil where the filter would give no score.
func (c *Card) Risk(features map[string]any, maxAbsZ float64) *float64 {
	values, missing := make([]float64, len(c.Names)), 0.0
	for i, name := range c.Names {
		x, isNumber := features[name].(float64)
		if features[name] != nil && !isNumber {
			return nil
		}
		if !isNumber || math.IsNaN(x) || math.IsInf(x, 0) {
			for _, needed := range c.Needed {
				if name == needed {
					return nil
				}
			}
			x = math.NaN()
			missing++
		}
		if math.Abs(x-c.Mean[i])/c.Std[i] > maxAbsZ { // never true of NaN
			return nil
		}
		values[i] = x
	}
	if missing/float64(len(values)) > 0.3 {
		return nil
	}
	risk := c.risk(values)
	return &risk
}

func main() {
	var file struct {
		Cards   map[string]*Card
		Vectors []struct {
			Card     string
			Features map[string]any
			Risk     *float64
		}
	}
	data, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	right := 0
	for _, v := range file.Vectors {
		found := file.Cards[v.Card].Risk(v.Features, 8)
		none := found == nil || v.Risk == nil
		if none && found == v.Risk || !none && math.Abs(*found-*v.Risk) <= 1e-12 {
			right++
		} else {
			fmt.Fprintln(os.Stderr, "wrong:", v)
		}
	}
	fmt.Printf("%d of %d vectors\n", right, len(file.Vectors))
	if right < len(file.Vectors) {
		os.Exit(1)
	}
}
