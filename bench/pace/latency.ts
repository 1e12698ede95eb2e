/** In milliseconds; and the spread of the logarithm: one call in a hundred takes 1.8 times as long. */
const medianMs = 100;
const sigma = 0.25;

/** How long one call takes, half of it before it is applied: log-normal around the median. */
export function latencyMs(): number {
  const normal =
    Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return medianMs * Math.exp(sigma * normal);
}
