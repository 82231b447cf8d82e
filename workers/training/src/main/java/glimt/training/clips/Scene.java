package glimt.training.clips;

/**
 * One scene, by number in its {@link Grammar} where it is said, and by measure where it is not. The
 * picture reaches from -1 to 1 in both directions.
 *
 * @param share half the subject's extent
 * @param x where the middle of its path lies
 * @param distance how far it goes from the first frame to the last
 * @param phase where its animation starts, in 0..1
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
