/** Whether the one who waits for an answer still does. At most one listener at a time: what is being waited for. */
export interface Presence {
  readonly gone: boolean;
  /** Called once, when it goes. */
  onGone: (() => void) | null;
}
