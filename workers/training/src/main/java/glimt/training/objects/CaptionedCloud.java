package glimt.training.objects;

/**
 * An object and what its caption says.
 *
 * @param cloud {@code [n, 6]}: positions in [-1, 1], sRGB in [0, 1]
 * @param subject the subject of {@link ObjectWords#grammar}
 * @param colour the colour, or {@link glimt.training.words.CaptionGrammar#UNSAID}
 * @param ofClass the index into {@link ObjectWords#classes}
 */
record CaptionedCloud(float[] cloud, int subject, int colour, int ofClass) {}
