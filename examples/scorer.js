// Scores one entry by a scorecard of afterclose, as docs/scorecard.md says. No dependencies.
//   const { riskOf } = require("./scorer.js");
//   riskOf(JSON.parse(fs.readFileSync("scorecard.json")), { rsi_14: 61.5, atr_pct: null });
// node examples/scorer.js vectors.json   checks it against test vectors.
"use strict";

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

function logistic(x) {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function calibrated(curve, x) {
  if (!curve) return logistic(x);
  if (curve.curve === "sigmoid") return logistic((curve.slope ?? 1) * x + (curve.offset ?? 0));
  const xs = curve.log_odds, ys = curve.risks; // isotonic: straight lines, flat outside
  let right = 0;
  while (right < xs.length && xs[right] <= x) right += 1;
  if (right === 0) return ys[0];
  if (right === xs.length) return ys[ys.length - 1];
  const slope = (ys[right] - ys[right - 1]) / (xs[right] - xs[right - 1]);
  return ys[right - 1] + slope * (x - xs[right - 1]);
}

function linear(card, values) {
  let logOdds = card.log_odds_at_mean;
  values.forEach((value, i) => {
    const x = value === null ? card.imputation_values[i] : value;
    logOdds += card.weights[i] * (x - card.train_mean[i]);
  });
  return calibrated(card.curve, logOdds);
}

function trees(card, values) {
  let logOdds = card.base;
  for (const tree of card.trees) {
    let node = 0;
    while (tree.feature[node] !== -1) {
      const x = values[tree.feature[node]];
      const goLeft = x === null ? tree.missing_left[node] : x <= tree.value[node];
      node = goLeft ? tree.left[node] : tree.right[node];
    }
    logOdds += tree.value[node];
  }
  return calibrated(card.curve, logOdds);
}

/** The probability of a bad trade; null where the filter would give no score. */
function riskOf(card, features, maxAbsZ = 8) {
  const given = card.feature_names.map((name) => features[name]);
  if (given.some((value) => value != null && typeof value !== "number")) return null;
  const values = given.map((value) => (isNumber(value) ? value : null));
  const missing = values.filter((value) => value === null).length;
  if (missing / values.length > 0.3) return null;
  const needed = card.needed ?? []; // cards of version 1 have none
  if (card.feature_names.some((name, i) => values[i] === null && needed.includes(name))) return null;
  const far = (x, i) => x !== null && Math.abs(x - card.train_mean[i]) / card.train_std[i] > maxAbsZ;
  if (values.some(far)) return null;
  if (card.kind === "ensemble") return (linear(card.linear, values) + trees(card.trees, values)) / 2;
  return card.trees ? trees(card, values) : linear(card, values);
}

module.exports = { riskOf };

if (require.main === module) {
  const { cards, vectors } = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"));
  const wrong = vectors.filter(({ card, features, risk }) => {
    const found = riskOf(cards[card], features);
    return risk === null || found === null ? found !== risk : Math.abs(found - risk) > 1e-12;
  });
  wrong.forEach((vector) => console.error("wrong:", JSON.stringify(vector)));
  console.log(`${vectors.length - wrong.length} of ${vectors.length} vectors`);
  process.exit(wrong.length ? 1 : 0);
}
