package glimt.safety.watermark;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.Format;
import glimt.media.Excerpt;
import glimt.media.Ffmpeg;
import glimt.media.Frames;
import glimt.media.Resize;
import glimt.media.Stills;
import glimt.media.Video;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

class WatermarkTest {
  private static final long SEED = 20261128;
  private static final int MARK = 0xC0FFEE42;

  private final Ffmpeg ffmpeg = Ffmpeg.unpackedIn(Path.of("target", "ffmpeg"));
  private @TempDir Path folder;

  @Test
  void a_mark_is_read_from_the_marked_frames_and_none_from_the_others() {
    Frames clip = Unmarked.clip(SEED, 24, 128);
    assertThat(mark(Watermark.marked(clip, MARK))).contains(MARK);
    assertThat(mark(clip)).isEmpty();
    assertThat(MarkReader.rightBits(Watermark.marked(clip, MARK), MARK)).isEqualTo(1);
  }

  @Test
  void marked_frames_look_like_the_others() {
    LongStream.range(0, 20)
        .forEach(
            seed -> {
              Frames clip = Unmarked.clip(SEED + seed, 4, 64);
              Frames marked = Watermark.marked(clip, (int) (MARK * seed));
              double squares = 0;
              for (int i = 0; i < clip.rgb().length; i++) {
                squares += Math.pow((clip.rgb()[i] & 0xFF) - (marked.rgb()[i] & 0xFF), 2);
              }
              double psnr = 10 * Math.log10(255.0 * 255 * clip.rgb().length / squares);
              assertThat(psnr).as("decibels of clip %s", SEED + seed).isGreaterThan(38);
            });
  }

  @Test
  void the_same_frames_and_mark_give_the_same_bytes() {
    Frames clip = Unmarked.clip(SEED, 4, 96);
    assertThat(Watermark.marked(clip, MARK)).isEqualTo(Watermark.marked(clip, MARK));
    assertThat(Watermark.marked(clip, MARK)).isNotEqualTo(Watermark.marked(clip, MARK + 1));
  }

  @Test
  void frames_with_a_side_below_64_pixels_stay_as_they_are() {
    Frames small = Unmarked.clip(SEED, 4, 63);
    assertThat(Watermark.marked(small, MARK)).isSameAs(small);
    assertThat(Watermark.fits(64, 64)).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Format.class,
      mode = Mode.INCLUDE,
      names = {"MP4", "WEBM", "GIF", "APNG"})
  void every_video_format_keeps_the_mark(Format format) throws Exception {
    Frames marked = Watermark.marked(Unmarked.clip(SEED + 1, 24, 128), MARK);
    assertThat(mark(encoded(marked, format))).contains(MARK);
  }

  @ParameterizedTest
  @EnumSource(
      value = Format.class,
      mode = Mode.INCLUDE,
      names = {"PNG", "JPEG", "WEBP"})
  void every_image_format_keeps_the_mark(Format format) throws Exception {
    Frames marked = Watermark.marked(Unmarked.clip(SEED + 2, 1, 256), MARK);
    Path file = folder.resolve("still." + format.ending());
    Files.write(file, new Stills(ffmpeg).bytes(marked.picture(0), format));
    assertThat(mark(new Excerpt(ffmpeg).read(file))).contains(MARK);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.75, 1.5, 2})
  void a_resized_clip_keeps_the_mark(double scale) throws Exception {
    Frames marked = Watermark.marked(Unmarked.clip(SEED + 3, 24, 128), MARK);
    assertThat(mark(encoded(resized(marked, scale), Format.MP4))).contains(MARK);
  }

  @Test
  void a_cropped_clip_without_its_first_frames_keeps_the_mark() throws Exception {
    Frames marked = Watermark.marked(Unmarked.clip(SEED + 4, 24, 128), MARK);
    for (int gone = 1; gone <= 5; gone++) {
      assertThat(mark(encoded(cut(marked, gone, 7 + gone, 116), Format.MP4)))
          .as("without %s frames", gone)
          .contains(MARK);
    }
  }

  @Test
  void a_clip_at_half_the_frame_rate_keeps_the_mark() throws Exception {
    Frames marked = Watermark.marked(Unmarked.clip(SEED + 5, 24, 128), MARK);
    int frame = 3 * 128 * 128;
    byte[] half = new byte[12 * frame];
    for (int i = 0; i < 12; i++) {
      System.arraycopy(marked.rgb(), 2 * i * frame, half, i * frame, frame);
    }
    assertThat(mark(encoded(new Frames(12, 128, 128, 6, half), Format.MP4))).contains(MARK);
  }

  /** The claim of {@link MarkReader} is 3.4e-7 a file; a defect of the search shows here. */
  @Test
  void two_thousand_unmarked_pictures_and_clips_have_no_mark() {
    System.out.println("unmarked clips of the seeds from " + SEED);
    for (int i = 0; i < 2000; i++) {
      Frames unmarked = Unmarked.clip(SEED + i, i % 10 == 0 ? 4 : 1, 64);
      assertThat(MarkReader.read(unmarked)).as("seed %s", SEED + i).isEmpty();
    }
  }

  private static Optional<Integer> mark(Frames frames) {
    return MarkReader.read(frames).map(FoundMark::mark);
  }

  private Frames encoded(Frames frames, Format format) throws InterruptedException {
    Path file = folder.resolve("clip." + format.ending());
    new Video(ffmpeg).write(frames, format, file);
    return new Excerpt(ffmpeg).read(file);
  }

  private static Frames cut(Frames frames, int gone, int left, int side) {
    int count = frames.count() - gone;
    byte[] rgb = new byte[3 * count * side * side];
    for (int t = 0; t < count; t++) {
      for (int y = 0; y < side; y++) {
        int from = 3 * (((t + gone) * frames.height() + y + 5) * frames.width() + left);
        System.arraycopy(frames.rgb(), from, rgb, 3 * (t * side + y) * side, 3 * side);
      }
    }
    return new Frames(count, side, side, 12, rgb);
  }

  private static Frames resized(Frames frames, double scale) {
    int height = frames.height();
    int width = frames.width();
    float[] sample = new float[frames.rgb().length];
    for (int i = 0; i < sample.length; i++) {
      int pixel = i / 3 % (height * width);
      int frame = i / 3 / (height * width);
      sample[(3 * frame + i % 3) * height * width + pixel] = (frames.rgb()[i] & 0xFF) / 127.5f - 1;
    }
    int toHeight = (int) (height * scale);
    int toWidth = (int) (width * scale);
    return Frames.ofSample(
        Resize.of(sample, height, width, toHeight, toWidth),
        frames.count(),
        toHeight,
        toWidth,
        frames.fps());
  }
}
