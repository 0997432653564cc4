// Sending a file, with its progress.

/** Sends one file to be told everything about; `progress(share)` is called with 0 to 1, and with 1
 *  when the server has all of it. Gives the promise of `{answer, labels, model}` and a way to give up. */
export function send(file, model, progress) {
  const request = new XMLHttpRequest();
  const answer = new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("model", model);
    form.append("file", file, file.name);
    request.open("POST", "/v1/predict");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.upload.addEventListener("load", () => progress(1));
    request.addEventListener("load", () => {
      const body = request.response;
      const result = body?.results?.[0];
      if (result && !result.error) {
        resolve({ answer: result, labels: body.labels, model: body.model });
      } else {
        const reason = result?.error ?? body?.error ?? `the server answered with status ${request.status}`;
        reject(new Error(reason));
      }
    });
    request.addEventListener("error", () => reject(new Error("the server cannot be reached; is it still running?")));
    request.addEventListener("abort", () => reject(new Error("cancelled")));
    request.send(form);
  });
  return { answer, abort: () => request.abort() };
}

/** Runs jobs, at most so many at once. */
export class Lane {
  #most;
  #running = 0;
  #waiting = [];

  constructor(most) {
    this.#most = most;
  }

  add(job) {
    this.#waiting.push(job);
    this.#next();
  }

  #next() {
    while (this.#running < this.#most && this.#waiting.length > 0) {
      this.#running += 1;
      const job = this.#waiting.shift();
      job().finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }
}
