package glimt.media;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Decodes a video that strangers sent as frames of one size and rate, from its beginning, as the
 * one format that its first bytes announce. The middle of each frame is cut to the ratio of sides
 * and resized.
 *
 * @param ffmpeg decodes; a call takes at most {@link #LIMIT}
 */
public record ClipReader(Ffmpeg ffmpeg) {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** The same bits on every processor. */
  private static final String EXACT = "flags=bicubic+accurate_rnd+bitexact+full_chroma_int";

  /**
   * Decodes a file.
   *
   * @param most how many frames at most
   * @param fps frames per second: frame i is what the video shows after i/fps seconds
   * @return at least one frame, and fewer than {@code most} if the video ends before
   * @throws MediaException if it is no video or image of a known format, too large, or damaged
   */
  public Frames read(Path file, int most, double fps, int width, int height)
      throws InterruptedException {
    Excerpt.Source source = Excerpt.source(ffmpeg.within(LIMIT), file);
    int cutWidth = (int) Math.min(source.width(), (long) source.height() * width / height);
    int cutHeight = (int) Math.min(source.height(), (long) source.width() * height / width);
    String filters =
        String.format(
            Locale.ROOT,
            "fps=%.6f:start_time=0,crop=%d:%d:exact=1,scale=%d:%d:%s,format=rgb24",
            fps,
            Math.max(1, cutWidth),
            Math.max(1, cutHeight),
            width,
            height,
            EXACT);
    List<String> arguments =
        new ArrayList<>(List.of("-nostdin", "-threads", "1", "-filter_threads", "1"));
    arguments.addAll(List.of("-max_pixels", String.valueOf(source.pixelsLimit())));
    arguments.addAll(source.input());
    arguments.addAll(List.of("-map", "0:v:0", "-frames:v", String.valueOf(most), "-vf", filters));
    arguments.addAll(List.of("-sws_flags", "bicubic+accurate_rnd+bitexact+full_chroma_int"));
    arguments.addAll(List.of("-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"));
    byte[] rgb;
    try {
      rgb = ffmpeg.within(LIMIT).run("ffmpeg", arguments, new byte[0]);
    } catch (MediaException broken) {
      throw new MediaException("the file cannot be decoded; it is damaged", broken);
    }
    int count = rgb.length / (3 * width * height);
    if (count == 0 || rgb.length % (3 * width * height) != 0) {
      throw new MediaException("the file has no whole frame; it is cut off or damaged");
    }
    return new Frames(count, height, width, fps, rgb);
  }
}
