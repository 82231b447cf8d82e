package glimt.safety.watermark;

/**
 * A mark that was found.
 *
 * @param mark its 32 bits
 * @param confidence how well the frames agree with its pattern, in standard deviations of what
 *     frames without it give; at least {@link MarkReader#THRESHOLD}
 */
public record FoundMark(int mark, double confidence) {}
