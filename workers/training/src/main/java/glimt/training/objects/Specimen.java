package glimt.training.objects;

import glimt.metrics.PointSet;
import glimt.points.PointLevels;

/**
 * A cloud to measure, with positions in [-1, 1] and sRGB in [0, 1].
 *
 * @param prompt the prompt of the cloud
 * @param ofClass the index into {@link ObjectWords#classes}
 * @param dense {@code [4096, 6]}
 * @param coarse {@code [1024, 6]}: a point of each k-d cell of four, so that real and generated
 *     clouds are thinned in the same way
 * @param points the positions of every second point of {@code coarse}, for measuring distances
 */
record Specimen(String prompt, int ofClass, float[] dense, float[] coarse, PointSet points) {

  static Specimen of(String prompt, int ofClass, float[] dense) {
    float[] coarse = PointLevels.of(dense).base();
    return new Specimen(prompt, ofClass, dense, coarse, PointSet.of(coarse).every(2));
  }

  /**
   * A base without a dense cloud.
   *
   * @param base {@code [1024, 6]}
   */
  static Specimen ofBase(String prompt, int ofClass, float[] base) {
    return new Specimen(prompt, ofClass, base, base, PointSet.of(base).every(2));
  }
}
