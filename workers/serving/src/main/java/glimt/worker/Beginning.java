package glimt.worker;

import glimt.generation.Modalities;
import glimt.job.ArtifactId;
import glimt.job.JobInput;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.Work;
import glimt.media.ClipReader;
import glimt.media.Frames;
import glimt.media.Picture;
import glimt.media.Resize;
import glimt.model.FirstFrame;
import glimt.model.Level;
import glimt.pipeline.Cascade;
import glimt.pipeline.Draft;
import glimt.pipeline.Drafting;
import glimt.pipeline.KeptFrame;
import glimt.pipeline.Mosaic;
import glimt.pipeline.Opening;
import glimt.video.FramesModality;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a sample task begins with: noise alone, the level below, or what the job gives.
 *
 * @param level at the job's size
 * @param gate is asked whether what the job gives may pass
 * @param warn is told if a clip is shorter than what is made of it
 */
record Beginning(
    Generation generation,
    Task task,
    Work.Sample work,
    Level level,
    LoadedBundle bundle,
    FilterGate gate,
    Consumer<String> warn) {

  /** Returns what the walk begins with; null if that is noise alone. */
  @Nullable Draft draft() throws InterruptedException {
    Double strength = work.strength();
    if (strength == null) {
      return null;
    }
    Drafting drafting = drafting();
    if (level.upsamplesBelow()) {
      Level below =
          bundle
              .card()
              .levels()
              .get(drafting.index() - 1)
              .sized(level.belowExtents(level.extents()));
      Mosaic mosaic = Mosaic.of(below);
      List<ArtifactId> latents = task.inputs(Plan.LATENT);
      float[] whole = mosaic.blend(mosaic.whole(), generation.pieces(below.segments(), latents));
      return drafting.ofLatents(generation.manager(), whole, below, strength);
    }
    JobInput input = drafting.index() == 0 ? task.spec().input() : null;
    if (input != null && input.video() != null) {
      return ofClip(drafting, input.video(), strength);
    }
    if (input != null && input.image() != null) {
      return ofPicture(drafting, input.image(), strength);
    }
    StoredTensors.Stored stored = generation.tensors().sample(task.inputs(Plan.BELOW).getFirst());
    return drafting.ofPixels(generation.manager(), stored.values(), stored.shape(), strength);
  }

  private Draft ofPicture(Drafting drafting, ArtifactId image, double strength) {
    List<Integer> seen = level.seen();
    Picture picture = picture(image).cut(seen.get(1), seen.getFirst());
    long[] shape = {3, picture.height(), picture.width()};
    return drafting.ofPixels(
        generation.manager(), FloatBuffer.wrap(picture.planes()), shape, strength);
  }

  private Draft ofClip(Drafting drafting, ArtifactId video, double strength)
      throws InterruptedException {
    List<Integer> seen = level.seen();
    int frames = seen.getFirst();
    double rate = FramesModality.rate(bundle.card(), level.name());
    Frames clip =
        new ClipReader(generation.ffmpeg())
            .read(generation.artifacts().file(video), frames, rate, seen.get(2), seen.get(1));
    gate.input(video, () -> FilterGate.pictures(clip));
    if (clip.count() < frames) {
      warn.accept(
          String.format(
              Locale.ROOT,
              "the input_video ends after %d of %d frames at %.2f a second; its last frame stays",
              clip.count(),
              frames,
              rate));
    }
    long[] shape = {frames, 3, seen.get(1), seen.get(2)};
    return drafting.ofPixels(
        generation.manager(), FloatBuffer.wrap(clip.sample(frames)), shape, strength);
  }

  /** Returns the job's picture where it stands for the level below. */
  Cascade.Inherited below() {
    JobInput input = Objects.requireNonNull(task.spec().input());
    int height = level.extents().get(0);
    int width = level.extents().get(1);
    Picture cut = picture(Objects.requireNonNull(input.image())).cut(width, height);
    float[] planes = Resize.of(cut.planes(), cut.height(), cut.width(), height, width);
    return Cascade.Inherited.of(level.seenLevel().whole(level.extents()), planes);
  }

  /** Returns the first frame that a clip keeps; null if it makes it. */
  @Nullable KeptFrame kept() {
    JobInput input = task.spec().input();
    FirstFrame first = level.firstFrame();
    return input == null || input.image() == null || first == null || first.kept() == null
        ? null
        : opening().kept(generation.manager());
  }

  /** Returns what is made of the picture that a clip begins with. */
  Opening opening() {
    JobInput input = Objects.requireNonNull(task.spec().input());
    return new Opening(drafting(), picture(Objects.requireNonNull(input.image())));
  }

  private Picture picture(ArtifactId image) {
    Picture picture = Picture.read(generation.artifacts().read(image));
    gate.input(image, () -> List.of(picture));
    return picture;
  }

  private Drafting drafting() {
    return new Drafting(
        level,
        bundle.card().levels().indexOf(bundle.card().level(level.name())),
        work.segment(),
        Modalities.of(bundle.card().kind()),
        task.spec().sampling().seed(),
        bundle::network);
  }
}
