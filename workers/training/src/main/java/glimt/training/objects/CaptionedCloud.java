package glimt.training.objects;

import java.util.List;

/**
 * An object and its caption.
 *
 * @param cloud {@code [n, 6]}: positions in [-1, 1], sRGB in [0, 1]
 * @param words the words of the caption
 * @param ofClass the index into {@link ObjectWords#classes}
 */
record CaptionedCloud(float[] cloud, List<String> words, int ofClass) {}
