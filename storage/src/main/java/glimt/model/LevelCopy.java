package glimt.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A level that is being changed in some of its parts; the others are those of another level. */
final class LevelCopy {
  private final Level of;
  List<Axis> axes;
  String network;
  double belowNoise;
  Sampling sampling;
  @Nullable Fast fast;
  @Nullable Expert expert;
  @Nullable FirstFrame firstFrame;
  @Nullable BelowNoising belowNoising;
  @Nullable EarlyEnd earlyEnd;

  LevelCopy(Level of) {
    this.of = of;
    axes = of.axes();
    network = of.network();
    belowNoise = of.belowNoise();
    sampling = of.sampling();
    fast = of.fast();
    expert = of.expert();
    firstFrame = of.firstFrame();
    belowNoising = of.belowNoising();
    earlyEnd = of.earlyEnd();
  }

  Level made() {
    return new Level(
        of.name(),
        axes,
        of.channels(),
        network,
        of.parametrisation(),
        of.ports(),
        of.residual(),
        belowNoise,
        of.codec(),
        sampling,
        fast,
        of.refinement(),
        expert,
        firstFrame,
        belowNoising,
        earlyEnd);
  }
}
