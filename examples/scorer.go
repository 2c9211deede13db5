// Package scorer scores one entry by a scorecard of afterclose, as docs/scorecard.md says.
//
//	var card scorer.Card
//	err := json.Unmarshal(bytes, &card)
//	risk, ok := card.Risk(map[string]float64{"rsi_14": 61.5, "atr_pct": 0.021})
package scorer

import (
	"math"
	"slices"
)

// Card is scorecard.json; a feature that is absent from an entry, or NaN, is missing.
type Card struct {
	Kind     string    `json:"kind"`
	Names    []string  `json:"feature_names"`
	Needed   []string  `json:"needed"`
	Mean     []float64 `json:"train_mean"`
	Std      []float64 `json:"train_std"`
	Imputed  []float64 `json:"imputation_values"`
	Weights  []float64 `json:"weights"`
	AtMean   float64   `json:"log_odds_at_mean"`
	Base     float64   `json:"base"`
	Curve    *Curve    `json:"curve"`
	TreeList Trees     `json:"trees"`
	Linear   *Card     `json:"linear"`
}

// Risk is the probability of a bad trade; false where the filter would give no score.
func (c *Card) Risk(features map[string]float64) (float64, bool) {
	values, missing := make([]float64, len(c.Names)), 0
	for i, name := range c.Names {
		x, known := features[name]
		if !known || math.IsNaN(x) || math.IsInf(x, 0) {
			x = math.NaN()
			if slices.Contains(c.Needed, name) {
				return 0, false
			}
			missing++
		} else if math.Abs(x-c.Mean[i])/c.Std[i] > 8 {
			return 0, false
		}
		values[i] = x
	}
	if float64(missing)/float64(len(values)) > 0.3 {
		return 0, false
	}
	return c.risk(values), true
}

func (c *Card) risk(values []float64) float64 {
	if c.Kind == "ensemble" {
		return (c.Linear.risk(values) + c.TreeList.Card.risk(values)) / 2
	}
	logOdds := c.Base + c.AtMean
	for i, weight := range c.Weights {
		x := values[i]
		if math.IsNaN(x) {
			x = c.Imputed[i]
		}
		logOdds += weight * (x - c.Mean[i])
	}
	for _, tree := range c.TreeList.Trees {
		logOdds += tree.leaf(values)
	}
	return c.Curve.risk(logOdds)
}
