package glimt.training.evaluation;

/**
 * A prompt of an evaluation.
 *
 * @param text the text of the prompt
 * @param seed the seed of the sample's noise
 * @param wanted the expected content of the sample
 */
public record Prompt<T>(String text, long seed, T wanted) {}
