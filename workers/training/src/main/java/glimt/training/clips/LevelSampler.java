package glimt.training.clips;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.diffusion.Guidance;
import glimt.diffusion.Noise;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Observer;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Prediction;
import glimt.diffusion.Region;
import glimt.diffusion.Samplers;
import glimt.diffusion.Trajectory;
import glimt.diffusion.Waypoint;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Samples many clips of the first level at once, by the path that jobs take: to measure with.
 *
 * @param network of the level; it stays the caller's
 */
record LevelSampler(Network network, Level level, Vocabulary vocabulary) {
  /** Clips sampled at once. */
  private static final int TOGETHER = 16;

  /** One clip for each prompt, the first from the noise of {@code seed}, and so on. */
  List<float[]> sample(List<String> prompts, long seed) throws InterruptedException {
    List<float[]> clips = new ArrayList<>();
    for (int from = 0; from < prompts.size(); from += TOGETHER) {
      int to = Math.min(prompts.size(), from + TOGETHER);
      clips.addAll(together(prompts.subList(from, to), seed + from));
    }
    return clips;
  }

  private List<float[]> together(List<String> prompts, long seed) throws InterruptedException {
    Sampling sampling = level.sampling();
    NoiseSchedule schedule =
        NoiseSchedule.karras(
            sampling.steps(), sampling.sigmaMin(), sampling.sigmaMax(), sampling.rho());
    Region.Frames region =
        Region.Frames.whole(
            level.axis("frames").extent(),
            level.channels(),
            level.axis("height").extent(),
            level.axis("width").extent());
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDList rows = new NDList();
      for (int row = 0; row < prompts.size(); row++) {
        rows.add(new Noise(seed + row).start(scope, 0, region, DataType.FLOAT32));
      }
      Trajectory walk =
          new Trajectory(
              Samplers.named(sampling.sampler()),
              Preconditioning.edm(level.sigmaData()).denoiser(prediction(words(prompts, scope))),
              new Noise(seed).draws(0, region));
      try (Waypoint start = walk.start(schedule, NDArrays.concat(rows, 0), level.name());
          Waypoint end = walk.on(start, Observer.NOBODY)) {
        float[] all = end.x().toFloatArray();
        int size = all.length / prompts.size();
        List<float[]> clips = new ArrayList<>();
        for (int row = 0; row < prompts.size(); row++) {
          clips.add(Arrays.copyOfRange(all, row * size, (row + 1) * size));
        }
        return clips;
      }
    }
  }

  private NDArray words(List<String> prompts, NDManager scope) {
    long[] words =
        prompts.stream()
            .flatMap(prompt -> vocabulary.read(prompt).tokens().stream())
            .mapToLong(Integer::longValue)
            .toArray();
    return scope.create(words, new Shape(prompts.size(), vocabulary.length()));
  }

  private Prediction prediction(NDArray words) {
    double guidance = level.sampling().guidance();
    NDArray asked = guidance == 1 ? words : words.concat(words.zerosLike());
    Prediction plain =
        (input, noise) ->
            network.forward(
                input,
                input.getManager().full(new Shape(input.getShape().get(0)), (float) noise),
                Network.conditioning(asked, null));
    return guidance == 1 ? plain : Guidance.scale(guidance).batched(plain);
  }
}
