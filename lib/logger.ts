// The log of a program that serves others.

/** A log. The loggers of pino have this form. */
export interface Logger {
  /** Logs an event. */
  info(fields: object, message: string): void;
  /** Logs a problem that the program handles. */
  warn(fields: object, message: string): void;
  /** Logs a failure. */
  error(fields: object, message: string): void;
}

/** Logs nothing. */
export const SILENT: Logger = { info: () => {}, warn: () => {}, error: () => {} };
