package glimt.training.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.diffusion.Noise;
import glimt.diffusion.Observer;
import glimt.diffusion.Region;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.Waypoint;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.WordList;
import glimt.pipeline.LevelDenoiser;
import glimt.pipeline.LevelDenoiser.Conditioning;
import glimt.pipeline.LevelWalk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Samples the first level of clips in batches, each clip from the same initial noise as a job with
 * its seed.
 *
 * @param network the network, which the caller closes
 */
record LevelSampler(Network network, Level level, WordList vocabulary) {
  /** The number of clips per batch. */
  private static final int TOGETHER = 16;

  /** Generates one clip for each prompt. */
  List<float[]> sample(List<? extends Prompt<?>> prompts) throws InterruptedException {
    List<float[]> clips = new ArrayList<>();
    for (int from = 0; from < prompts.size(); from += TOGETHER) {
      int to = Math.min(prompts.size(), from + TOGETHER);
      clips.addAll(together(prompts.subList(from, to)));
    }
    return clips;
  }

  private List<float[]> together(List<? extends Prompt<?>> prompts) throws InterruptedException {
    Sampling sampling = level.sampling();
    WalkRecipe recipe = LevelWalk.of(level.parametrisation(), sampling);
    Region.FrameWindow region =
        Region.FrameWindow.whole(
            level.axis("frames").extent(),
            level.channels(),
            level.axis("height").extent(),
            level.axis("width").extent());
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDList rows = new NDList();
      for (Prompt<?> prompt : prompts) {
        rows.add(new Noise(prompt.seed()).start(scope, 0, region, DataType.FLOAT32));
      }
      Trajectory walk =
          new Trajectory(
              recipe.sampler(),
              LevelDenoiser.of(level, network, Conditioning.ofWords(words(prompts, scope), null)),
              new Noise(prompts.getFirst().seed()).draws(0, region));
      NDArray first = recipe.begin(NDArrays.concat(rows, 0));
      try (Waypoint start = walk.at(recipe.levels(), first, level.name());
          Waypoint end = walk.on(start, Observer.NOBODY)) {
        float[] all = recipe.leave(end.x()).toFloatArray();
        int size = all.length / prompts.size();
        List<float[]> clips = new ArrayList<>();
        for (int row = 0; row < prompts.size(); row++) {
          clips.add(Arrays.copyOfRange(all, row * size, (row + 1) * size));
        }
        return clips;
      }
    }
  }

  private NDArray words(List<? extends Prompt<?>> prompts, NDManager scope) {
    long[] words =
        prompts.stream()
            .flatMap(prompt -> vocabulary.read(prompt.text()).tokens().stream())
            .mapToLong(Integer::longValue)
            .toArray();
    return scope.create(words, new Shape(prompts.size(), vocabulary.length()));
  }
}
