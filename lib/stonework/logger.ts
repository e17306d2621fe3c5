// What StoneWork's two roles write their log to.

/** A log; pino's loggers are such. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const SILENT: Logger = { info: () => {}, warn: () => {}, error: () => {} };
