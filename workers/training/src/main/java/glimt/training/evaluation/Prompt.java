package glimt.training.evaluation;

/**
 * What a bundle is asked for.
 *
 * @param text the prompt
 * @param seed of the noise that the sample is made from
 * @param wanted what the sample should show, as the dataset describes it
 */
public record Prompt<T>(String text, long seed, T wanted) {}
