package glimt.media;

import glimt.job.Format;
import java.util.List;

/**
 * The arguments of ffmpeg for each video format.
 *
 * @param filter the filter graph that is applied to raw sRGB frames
 * @param encoder the arguments for the container, the codec and their settings
 */
record Encoding(String filter, List<String> encoder) {

  /**
   * Converts sRGB to BT.709 and tags the file accordingly, with arithmetic that gives the same bits
   * on every CPU.
   */
  private static final String BT709 =
      "scale=out_color_matrix=bt709:out_range=tv"
          + ":flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact,format=yuv420p,"
          + "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv";

  /**
   * H.264 by OpenH264. Every frame is a key frame with a fixed quantiser, because between key
   * frames this encoder decides from luma alone which blocks to skip, and leaves coloured ghosts
   * behind flat moving objects (the PSNR of chroma falls from 49 dB to 36 dB within seven frames).
   * The files are two to four times as large, but still small. The bit rate is a ceiling that the
   * quantiser never reaches.
   */
  private static final Encoding MP4 =
      new Encoding(
          BT709,
          words(
              "-f mp4 -c:v libopenh264 -profile:v high -rc_mode bitrate -b:v 20M -qmin 20 -qmax 20"
                  + " -g 1 -movflags +faststart"));

  private static final Encoding WEBM =
      new Encoding(
          BT709, words("-f webm -c:v libvpx-vp9 -deadline good -cpu-used 4 -crf 16 -b:v 0"));

  /** Uses one palette of 256 colours for all frames. */
  private static final Encoding GIF =
      new Encoding(
          "split[frames][all];[all]palettegen=reserve_transparent=0[palette];"
              + "[frames][palette]paletteuse=dither=sierra2_4a:diff_mode=rectangle",
          words("-f gif -loop 0"));

  /** Lossless. */
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
