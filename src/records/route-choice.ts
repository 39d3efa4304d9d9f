/** Why a request was sent where it was sent. Plain data: it is kept in files and in the record. */
export interface RouteChoice {
  /** The strategy of the route that the client named. */
  readonly strategy: string;
  /** Of the learned router: from 0 to 1, and what it was held against. */
  readonly score: number | null;
  readonly threshold: number | null;
  /** How probable the choice was; null where no chance was in it. */
  readonly probability: number | null;
  /** In the order in which they were to be tried, then those that were passed over; each with why, in a few words. */
  readonly candidates: readonly { readonly target: string; readonly reason: string }[];
}
