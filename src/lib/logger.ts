export type LogFields = Record<string, unknown>;

/** What rooms log through. Fields are data, the message is a fixed sentence; neither may hold a secret or a body. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
