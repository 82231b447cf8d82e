package glimt.media;

import glimt.job.Format;
import java.util.List;

/**
 * What ffmpeg is told for each format of a moving picture.
 *
 * @param filter the graph that raw sRGB goes through first
 * @param encoder container, codec and their settings
 */
record Encoding(String filter, List<String> encoder) {

  /**
   * sRGB to the colours of HD television, said so in the file, by arithmetic that is the same on
   * every CPU.
   */
  private static final String BT709 =
      "scale=out_color_matrix=bt709:out_range=tv"
          + ":flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact,format=yuv420p,"
          + "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv";

  /**
   * H.264 by OpenH264. Every frame is a key frame at a fixed quantiser: between key frames this
   * encoder decides by brightness alone which blocks to skip, and leaves coloured ghosts behind
   * flat moving things (chroma falls from 49 dB to 36 dB within seven frames). It costs two to four
   * times the bytes, of few. The bit rate is a ceiling that the quantiser never meets.
   */
  private static final Encoding MP4 =
      new Encoding(
          BT709,
          words(
              "-f mp4 -c:v libopenh264 -profile:v high -rc_mode bitrate -b:v 20M -qmin 20 -qmax 20 -g 1"
                  + " -movflags +faststart"));

  private static final Encoding WEBM =
      new Encoding(
          BT709, words("-f webm -c:v libvpx-vp9 -deadline good -cpu-used 4 -crf 16 -b:v 0"));

  /** One palette of 256 colours made from all frames. */
  private static final Encoding GIF =
      new Encoding(
          "split[frames][all];[all]palettegen=reserve_transparent=0[palette];"
              + "[frames][palette]paletteuse=dither=sierra2_4a:diff_mode=rectangle",
          words("-f gif -loop 0"));

  /** Exact in every pixel. */
  private static final Encoding APNG =
      new Encoding("format=rgb24", words("-f apng -c:v apng -pred sub -plays 0"));

  static Encoding of(Format format) {
    return switch (format) {
      case MP4 -> MP4;
      case WEBM -> WEBM;
      case GIF -> GIF;
      case APNG -> APNG;
      case PNG, JPEG, WEBP, GLB, PLY ->
          throw new IllegalArgumentException("a video cannot be written as " + format);
    };
  }

  private static List<String> words(String line) {
    return List.of(line.split(" ", -1));
  }
}
