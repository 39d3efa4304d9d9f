/** From a score to a probability: the logistic function of `slope * score + intercept`. */
export interface Calibration {
  /** More than 0, so that the order of scores stays. */
  readonly slope: number;
  readonly intercept: number;
}

const ROUNDS = 50;
const LEAST_SLOPE = 1e-3;
/** Scores are bounded, so this is never reached by them; it keeps 0 and 1 free as thresholds for everybody and nobody. */
const EDGE = 1e-9;

/** The probability, above 0 and below 1, and higher for a higher score. */
export function probabilityOf({ slope, intercept }: Calibration, score: number): number {
  const probability = 1 / (1 + Math.exp(-(slope * score + intercept)));
  return Math.max(EDGE, Math.min(1 - EDGE, probability));
}

/**
 * The most likely calibration by Newton's method. `happened` is 1 for an event that happened and 0 for one that did not; in
 * between, how probable it is that it did.
 *
 * @throws RangeError where all events have the same outcome.
 */
export function fitCalibration(
  scores: ArrayLike<number>,
  happened: ArrayLike<number>,
  weights: ArrayLike<number>,
): Calibration {
  const base = weightedShare(happened, weights);
  if (base <= 0 || base >= 1) {
    throw new RangeError("The strong model is better by the margin nowhere or everywhere: nothing to learn.");
  }
  let slope = 0;
  let intercept = Math.log(base / (1 - base));
  for (let round = 0; round < ROUNDS; round++) {
    const { down, curve } = derivatives({ slope, intercept }, scores, happened, weights);
    const determinant = curve[0] * curve[2] - curve[1] * curve[1];
    if (determinant <= 1e-12) break;
    slope -= (curve[2] * down[0] - curve[1] * down[1]) / determinant;
    intercept -= (curve[0] * down[1] - curve[1] * down[0]) / determinant;
  }
  return { slope: Math.max(LEAST_SLOPE, slope), intercept };
}

function weightedShare(happened: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  let total = 0;
  for (let at = 0; at < happened.length; at++) {
    total += weights[at]!;
    sum += weights[at]! * happened[at]!;
  }
  return total === 0 ? 0 : sum / total;
}

/** First and second derivatives of the loss by slope and intercept. */
function derivatives(
  calibration: Calibration,
  scores: ArrayLike<number>,
  happened: ArrayLike<number>,
  weights: ArrayLike<number>,
) {
  const down: [number, number] = [0, 0];
  const curve: [number, number, number] = [0, 0, 0];
  for (let at = 0; at < happened.length; at++) {
    const [score, weight] = [scores[at]!, weights[at]!];
    const probability = probabilityOf(calibration, score);
    const error = weight * (probability - happened[at]!);
    const bend = weight * probability * (1 - probability);
    down[0] += error * score;
    down[1] += error;
    curve[0] += bend * score * score;
    curve[1] += bend * score;
    curve[2] += bend;
  }
  return { down, curve };
}
