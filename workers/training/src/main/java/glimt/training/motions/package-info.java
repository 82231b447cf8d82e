/**
 * The dataset of motions: subjects of pictures that move over their background, and sentences that
 * say how. A frame is a picture that was moved, so this package holds no pixels: what it teaches
 * are places, sizes and angles over time.
 *
 * <p>Read {@link glimt.training.motions.Journey} first.
 */
@NullMarked
package glimt.training.motions;

import org.jspecify.annotations.NullMarked;
