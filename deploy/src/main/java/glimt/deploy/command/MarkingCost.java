package glimt.deploy.command;

import glimt.deploy.node.DeployException;
import glimt.job.Format;
import glimt.media.Ffmpeg;
import glimt.media.Frames;
import glimt.media.MediaException;
import glimt.media.Video;
import glimt.safety.c2pa.Provenance;
import glimt.safety.c2pa.SignedFile;
import glimt.safety.c2pa.Signer;
import glimt.safety.watermark.Watermark;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;

/**
 * What marking a clip costs: the processor time of its watermark and of its signature, by the code
 * that workers run, without the encoding between them, which an unmarked clip needs too.
 *
 * @param mark seconds
 * @param sign seconds
 */
record MarkingCost(double mark, double sign) {
  private static final int MARK = 0x9E3779B9;
  private static final Provenance PROVENANCE =
      new Provenance("clips", "0".repeat(64), "0".repeat(64), 7, List.of("motion"), "bench", null);

  /**
   * Marks and signs a clip once more.
   *
   * @param clip a file that the farm made
   * @param signer the folder of the farm's signer
   * @param cache a folder for FFmpeg
   */
  static MarkingCost of(Path clip, Path signer, Path cache)
      throws IOException, InterruptedException {
    try {
      Video video = new Video(Ffmpeg.unpackedIn(cache));
      Frames frames = video.read(clip);
      Signer key = Signer.of(signer);
      double begin = processorSeconds();
      Frames marked = Watermark.marked(frames, MARK);
      double mark = processorSeconds() - begin;
      byte[] file = video.bytes(marked, Format.MP4);
      begin = processorSeconds();
      SignedFile.of(file, PROVENANCE, key);
      return new MarkingCost(mark, processorSeconds() - begin);
    } catch (MediaException e) {
      throw new DeployException("the clip cannot be marked again", e);
    }
  }

  double seconds() {
    return mark + sign;
  }

  private static double processorSeconds() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9;
  }
}
