package glimt.training.clips;

/**
 * A scene. Subject, motion, colour and size are indices into its {@link Grammar}; the other values
 * are not mentioned in captions. The picture extends from -1 to 1 in both directions.
 *
 * @param share half the subject's extent
 * @param x the horizontal centre of its path
 * @param y the vertical centre of its path
 * @param distance the distance of its motion from the first frame to the last
 * @param phase the start of its animation, in 0..1
 * @param red the background's red, in 0..1
 * @param green the background's green, in 0..1
 * @param blue the background's blue, in 0..1
 */
public record Scene(
    int subject,
    int motion,
    int colour,
    int size,
    double share,
    double x,
    double y,
    double distance,
    double phase,
    float red,
    float green,
    float blue) {}
