/**
 * MaskedKD of an audio spectrogram transformer: what it compares is what MaskedKD compares on images, since to the networks a
 * spectrogram is a picture.
 *
 * Gong, Chung, Glass, "AST: audio spectrogram transformer", Interspeech 2021; Son et al. 2024, Table 3. The paper does not say whose
 * attention scores the patches of a network with two special tokens. Our reading: the mean of both.
 */
import { maskedkd } from "../classification/maskedkd";
import type { ClassificationMethod } from "../classification/method";

export const ast: ClassificationMethod<typeof maskedkd.knobs> = {
  ...maskedkd,
  name: "ast",
  label: "MaskedKD on sounds",
  about: "An audio spectrogram transformer learns to classify sounds from a teacher that sees only the patches the student attends to.",
};
