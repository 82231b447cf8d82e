package glimt.deploy.command;

import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import glimt.job.Format;
import glimt.media.CloudFile;
import glimt.media.Excerpt;
import glimt.media.Ffmpeg;
import glimt.media.Frames;
import glimt.media.Video;
import glimt.safety.watermark.FoundMark;
import glimt.safety.watermark.MarkReader;
import glimt.safety.watermark.Watermark;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code glimt bench marks}: what the watermark survives. */
@Command(
    name = "marks",
    description = {
      "Marks clips, damages them in every way of a list, and prints how many marks are still read.",
      "The clips are videos without a mark, as `glimt generate --no-watermark -o clip.apng` makes",
      "them. The damage is done by another FFmpeg, which must have libx264. Point clouds (GLB,"
          + " PLY)",
      "need none."
    })
public final class MarksBench implements Callable<Integer> {
  private static final String H264 = " -c:v libx264 -pix_fmt yuv420p -crf ";

  /** The arguments of each damage, and its file's ending. */
  private static final Map<String, List<String>> DAMAGES = damages();

  @Parameters(
      paramLabel = "CLIP",
      arity = "1..*",
      description = "Videos or point clouds without a mark.")
  private List<Path> clips;

  @Option(
      names = "--ffmpeg",
      paramLabel = "PROGRAM",
      defaultValue = "ffmpeg",
      description = "FFmpeg with libx264. Default: the one on the PATH")
  private String program;

  @Mixin private HomeOption home;

  /** What was counted of one damage. */
  private static final class MarkTally {
    private int read;
    private int wrong;
    private double right;
    private double confidence;
  }

  private static Map<String, List<String>> damages() {
    Map<String, List<String>> all = new LinkedHashMap<>();
    all.put("none", List.of("-c copy", "mp4"));
    for (int crf : new int[] {18, 23, 28, 33}) {
      all.put("H.264, CRF " + crf, List.of(H264 + crf, "mp4"));
    }
    all.put("50 %, CRF 23", List.of("-vf scale=iw/2:ih/2" + H264 + 23, "mp4"));
    all.put("75 %, CRF 23", List.of("-vf scale=iw*3/4:ih*3/4" + H264 + 23, "mp4"));
    all.put("200 %, CRF 23", List.of("-vf scale=iw*2:ih*2" + H264 + 23, "mp4"));
    all.put(
        "crop 10 %, CRF 23",
        List.of("-vf crop=2*floor(iw*0.45):2*floor(ih*0.45):7:5:exact=1" + H264 + 23, "mp4"));
    all.put(
        "brighter, contrast 1.2, CRF 23",
        List.of("-vf eq=brightness=0.1:contrast=1.2" + H264 + 23, "mp4"));
    all.put("noise of ±16, CRF 23", List.of("-vf noise=alls=16:allf=t" + H264 + 23, "mp4"));
    all.put(
        "first 3 frames cut, CRF 23",
        List.of("-vf select=gte(n\\,3) -fps_mode passthrough" + H264 + 23, "mp4"));
    all.put(
        "every 10th frame dropped, CRF 23",
        List.of("-vf select=mod(n\\,10) -fps_mode passthrough" + H264 + 23, "mp4"));
    all.put(
        "every 2nd frame dropped, CRF 23",
        List.of("-vf select=mod(n\\,2) -fps_mode passthrough" + H264 + 23, "mp4"));
    all.put("GIF", List.of("-vf split[a][b];[a]palettegen[p];[b][p]paletteuse", "gif"));
    all.put("blur of 1.2 pixels, CRF 23", List.of("-vf gblur=sigma=1.2" + H264 + 23, "mp4"));
    all.put("one frame, JPEG", List.of("-frames:v 1 -q:v 3", "jpg"));
    return all;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (CloudFile.isOne(clips.getFirst())) {
      new CloudTrials().run(clips);
      return 0;
    }
    Ffmpeg ffmpeg = Ffmpeg.unpackedIn(home.open().cache());
    Path place = Files.createTempDirectory("glimt-marks-");
    Path damaged = place.resolve("damaged");
    Path marked = place.resolve("marked.mp4");
    Map<String, MarkTally> tallies = new LinkedHashMap<>();
    double decibels = 0;
    double seconds = 0;
    try {
      for (int clip = 0; clip < clips.size(); clip++) {
        int mark = 0x9E3779B9 * (clip + 1);
        Frames frames = new Video(ffmpeg).read(clips.get(clip));
        if (!Watermark.fits(frames.width(), frames.height())) {
          throw new DeployException(clips.get(clip) + " is too small to be marked");
        }
        long began = System.nanoTime();
        Frames shown = Watermark.marked(frames, mark);
        seconds += (System.nanoTime() - began) / 1e9;
        decibels += decibels(frames, shown);
        new Video(ffmpeg).write(shown, Format.MP4, marked);
        for (Map.Entry<String, List<String>> damage : DAMAGES.entrySet()) {
          String ending = damage.getValue().getLast();
          Path file = Path.of(damaged + "." + ending);
          damage(marked, damage.getValue().getFirst(), file);
          count(
              tallies.computeIfAbsent(damage.getKey(), _ -> new MarkTally()),
              new Excerpt(ffmpeg).read(file),
              mark);
          Files.delete(file);
        }
        System.err.printf(Locale.ROOT, "%s of %s clips%n", clip + 1, clips.size());
      }
    } finally {
      Files.deleteIfExists(marked);
      for (String ending : List.of("mp4", "gif", "jpg")) {
        Files.deleteIfExists(Path.of(damaged + "." + ending));
      }
      Files.delete(place);
    }
    print(tallies, decibels / clips.size(), seconds / clips.size());
    return 0;
  }

  private void print(Map<String, MarkTally> tallies, double decibels, double seconds) {
    int count = clips.size();
    System.out.printf(
        Locale.ROOT, "%s clips, PSNR %.1f dB, %.4f s to mark one%n", count, decibels, seconds);
    System.out.printf("%-34s %5s %6s %6s %s%n", "", "bits", "read", "wrong", "confidence");
    tallies.forEach(
        (damage, tally) ->
            System.out.printf(
                Locale.ROOT,
                "%-34s %5.3f %6.3f %6.3f %.1f%n",
                damage,
                tally.right / count,
                (double) tally.read / count,
                (double) tally.wrong / count,
                tally.confidence / Math.max(1, tally.read)));
  }

  private static void count(MarkTally tally, Frames frames, int mark) {
    tally.right += MarkReader.rightBits(frames, mark);
    Optional<FoundMark> found = MarkReader.read(frames);
    if (found.isPresent() && found.get().mark() == mark) {
      tally.read++;
      tally.confidence += found.get().confidence();
    } else if (found.isPresent()) {
      tally.wrong++;
    }
  }

  private void damage(Path from, String arguments, Path to)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program, "-v", "error", "-y", "-i"));
    command.add(from.toString());
    command.addAll(List.of(arguments.strip().split(" ")));
    command.add(to.toString());
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
              .redirectError(Redirect.INHERIT)
              .start();
    } catch (IOException e) {
      throw new DeployException(
          "%s cannot be run; name an FFmpeg with libx264 by --ffmpeg".formatted(program), e);
    }
    if (process.waitFor() != 0) {
      throw new DeployException("%s failed: %s".formatted(program, String.join(" ", command)));
    }
  }

  private static double decibels(Frames one, Frames other) {
    double squares = 0;
    for (int i = 0; i < one.rgb().length; i++) {
      double step = (one.rgb()[i] & 0xFF) - (other.rgb()[i] & 0xFF);
      squares += step * step;
    }
    return 10 * Math.log10(255.0 * 255 * one.rgb().length / squares);
  }
}
