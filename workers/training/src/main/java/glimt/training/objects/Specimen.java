package glimt.training.objects;

import glimt.metrics.PointSet;
import glimt.points.PointLevels;

/**
 * A cloud that is measured, with positions in [-1, 1] and sRGB in [0, 1].
 *
 * @param prompt what it is meant to be
 * @param ofClass index into {@link ObjectWords#classes}
 * @param dense {@code [4096, 6]}
 * @param coarse {@code [1024, 6]}: a point of each k-d cell of four, whoever made the cloud, so
 *     that clouds are compared that were thinned alike
 * @param points the positions of every second of {@code coarse}: what distances are measured by
 */
record Specimen(String prompt, int ofClass, float[] dense, float[] coarse, PointSet points) {

  static Specimen of(String prompt, int ofClass, float[] dense) {
    float[] coarse = PointLevels.of(dense).base();
    return new Specimen(prompt, ofClass, dense, coarse, PointSet.of(coarse).every(2));
  }

  /**
   * A base alone, before there is a dense cloud.
   *
   * @param base {@code [1024, 6]}
   */
  static Specimen ofBase(String prompt, int ofClass, float[] base) {
    return new Specimen(prompt, ofClass, base, base, PointSet.of(base).every(2));
  }
}
