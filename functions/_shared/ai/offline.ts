import type { Provider } from "./provider.ts";

/** Answers from templates, always the same: what a project without a key has, and tests. */
export const offline: Provider = {
  name: "offline",
  model: "templates",
  async completeJson({ template }) {
    return { value: template(), attempts: 1, tokens: null };
  },
};
