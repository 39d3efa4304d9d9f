/** The parts of jstat that are used; it brings no types. */
declare module "jstat" {
  interface Distribution {
    cdf(x: number, ...parameters: number[]): number;
    inv(probability: number, ...parameters: number[]): number;
  }
  const jStat: {
    readonly beta: Distribution;
    readonly studentt: Distribution;
    readonly normal: Distribution;
  };
  export default jStat;
}
