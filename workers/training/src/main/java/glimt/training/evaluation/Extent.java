package glimt.training.evaluation;

/**
 * How much is made to measure a bundle.
 *
 * @param first samples of the first level alone
 * @param enlarged real samples of which each upper level makes a part again
 * @param whole samples made from the first level to the last
 */
public record Extent(int first, int enlarged, int whole) {}
