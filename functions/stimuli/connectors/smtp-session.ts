import SMTPConnection from "nodemailer/lib/smtp-connection/index.js";

export interface SmtpSettings {
  host: string;
  port: number;
  /** TLS from the first byte; otherwise STARTTLS. */
  secure: boolean;
  /** Without TLS nothing is sent, unless the integration says so. */
  requireTLS: boolean;
  user?: string;
  pass?: string;
}

/** Why a message did not go. `isHandedOver`: the server may have it. */
export class SmtpFailure extends Error {
  readonly code: string;
  readonly responseCode?: number;
  readonly command?: string;
  readonly isHandedOver: boolean;

  constructor(
    error: { message: string; code?: string; responseCode?: number; command?: string },
    isHandedOver: boolean,
  ) {
    super(error.message);
    this.code = error.code ?? "ESMTP";
    this.responseCode = error.responseCode;
    this.command = error.command;
    this.isHandedOver = isHandedOver && error.responseCode === undefined;
  }
}

const CONNECT_MS = 10_000;

/** One connection, signed in. */
export class SmtpSession {
  readonly #connection: SMTPConnection;
  #fail: (error: Error) => void = () => {};
  isOpen = false;
  idleSince = 0;

  constructor(settings: SmtpSettings) {
    this.#connection = new SMTPConnection({
      ...settings,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      dnsTimeout: CONNECT_MS,
      socketTimeout: 60_000,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const broken = (error?: Error) => {
      this.isOpen = false;
      this.#fail(error ?? Object.assign(new Error("the connection was closed"), { code: "ECONNECTION" }));
    };
    this.#connection.on("error", broken);
    this.#connection.on("end", () => broken());
  }

  async open({ user, pass }: SmtpSettings, signal: AbortSignal): Promise<void> {
    await this.#step(
      signal,
      () => false,
      (done) => this.#connection.connect(done),
    );
    if (user)
      await this.#step(
        signal,
        () => false,
        (done) => this.#connection.login({ user, pass }, done),
      );
    this.isOpen = true;
  }

  async send(envelope: { from: string; to: string }, mail: Uint8Array, signal: AbortSignal): Promise<void> {
    let isHandedOver = false;
    // Read only once the server has agreed to take the message: what fails before that was not sent.
    const message = {
      on() {},
      pipe(target: { end(data: Uint8Array): void }) {
        isHandedOver = true;
        target.end(mail);
      },
    };
    await this.#step(
      signal,
      () => isHandedOver,
      (done) => this.#connection.send(envelope, message, done),
    );
    this.idleSince = performance.now();
  }

  close(): void {
    this.isOpen = false;
    this.#connection.close();
  }

  #step(
    signal: AbortSignal,
    isHandedOver: () => boolean,
    begin: (done: (error?: Error | null) => void) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error | null) => {
        signal.removeEventListener("abort", abort);
        // What closing the line says afterwards is not why it was closed.
        this.#fail = () => {};
        if (!error) return resolve();
        reject(new SmtpFailure(error, isHandedOver()));
        this.close();
      };
      const abort = () => end(Object.assign(new Error("took too long"), { code: "ETIMEDOUT" }));
      this.#fail = end;
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) return abort();
      begin(end);
    });
  }
}
