package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import glimt.deploy.fleet.Fleet;
import glimt.deploy.node.AtExit;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.deploy.node.RunningNode;
import glimt.deploy.node.Visible;
import glimt.gateway.Gateway;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.Product;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code glimt generate}: submits a job and downloads its file. */
@Command(
    name = "generate",
    description = {
      "Makes one file from a prompt.",
      "Uses the farm that runs on the home, or else starts one for this job only.",
      "Prints progress on standard error and the file's path on standard output.",
      "The Content Credentials of WebM, GLB and PLY files are written beside them, as FILE.c2pa."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt generate \"a whale moves left over blue\" -o whale.mp4",
      "  glimt generate \"a pine tree\" -o tree.glb --seed 7",
      "  glimt generate \"a rocket moves up over yellow\" -o rocket.gif --steps 12 --guidance 3",
      "  glimt generate \"a whale moves left over blue\" -o whale.mp4 --drafts 4"
    })
public final class Generate implements Callable<Integer> {
  @Parameters(
      paramLabel = "PROMPT",
      arity = "0..1",
      description = "What to make, in words. Write -- before a prompt that begins with -.")
  private @Nullable String prompt;

  @Option(
      names = "--prompt-file",
      paramLabel = "FILE",
      description = "File with the prompt, in UTF-8; /dev/stdin reads it from a pipe.")
  private @Nullable Path promptFile;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      required = true,
      description =
          "File to write. Its ending decides what is made: "
              + ".mp4 .webm .gif .apng for a video, .png .jpeg .webp for an image, "
              + ".glb .ply for a point cloud.")
  private Path output;

  @Option(names = "--model", description = "Model to use; `glimt models` lists them.")
  private @Nullable String model;

  @Option(
      names = "--seed",
      description = "The same seed makes the same file. Default, or -1: a random seed")
  private @Nullable Long seed;

  @Option(
      names = "--steps",
      paramLabel = "N|auto",
      description =
          "Steps of the base level. auto ends the walk of every level when its "
              + "result hardly changes any more, where the model says how little that is.")
  private @Nullable String steps;

  @Option(
      names = "--guidance",
      description = "How strictly to follow the prompt; 1 means no guidance.")
  private @Nullable Double guidance;

  @Option(names = "--sampler", description = "Sampler of the base level.")
  private @Nullable String sampler;

  @Option(
      names = "--quality",
      paramLabel = "full|fast",
      description = "fast uses the networks for few steps, where the model has them.")
  private @Nullable String quality;

  @Option(
      names = "--class",
      paramLabel = "urgent|normal|bulk",
      description = "How much it is in a hurry, among the jobs of its tenant.")
  private @Nullable String urgency;

  @Option(
      names = "--deadline",
      paramLabel = "TIME",
      description =
          "When it has to end, with the zone, such as 2030-01-31T18:00:00+01:00. The newest whole "
              + "level is the result then.")
  private @Nullable String deadline;

  @Option(
      names = "--budget",
      paramLabel = "SECONDS",
      description = "How many device-seconds it may take; it ends as with a deadline.")
  private @Nullable Double budget;

  @Option(
      names = "--dry-run",
      description = "Only show whether the farm can do it, when it would end and what it takes.")
  private boolean dryRun;

  @Option(
      names = "--drafts",
      paramLabel = "N",
      description =
          "Make N drafts to choose from, of the base level only and of successive seeds, as FILE-1,"
              + " FILE-2 and so on; `glimt refine` goes on from one of the ids that are printed"
              + " beside them.")
  private @Nullable Integer drafts;

  @Option(
      names = "--frames",
      description = "Frames of a video; levels with more frames are left out.")
  private @Nullable Integer frames;

  @Option(names = "--size", description = "Width and height of a video in pixels.")
  private @Nullable Integer size;

  @Option(
      names = "--enlarge",
      paramLabel = "TIMES",
      description = "Enlarge a video's file so many times in both directions. Default: 1")
  private @Nullable Integer enlarge;

  @Option(
      names = "--no-watermark",
      description = "Hide no mark in the file, by which `glimt verify` would know it.")
  private boolean unmarked;

  @Option(names = "--points", description = "Points of a point cloud.")
  private @Nullable Integer points;

  @Option(
      names = "--image",
      paramLabel = "FILE",
      description =
          "PNG or JPEG that an image is made of, or that a video has as its first frame, where the "
              + "model can begin with one.")
  private @Nullable Path image;

  @Option(
      names = "--video",
      paramLabel = "FILE",
      description = "MP4, WebM or GIF that a video is made of, where the model can begin with one.")
  private @Nullable Path video;

  @Option(
      names = "--strength",
      description = "How far the --image or --video is changed, above 0 and up to 1. Default: 0.8")
  private @Nullable Double strength;

  @Option(
      names = "--noise-level",
      description =
          "How far each level of a cascade noises the picture below, 0 to 999. Default: the model's"
              + " (DeepFloyd IF: 250)")
  private @Nullable Integer noiseLevel;

  @Option(
      names = "--lora",
      paramLabel = "NAME[:WEIGHT]",
      description =
          "A LoRA that the model offers; `glimt models` lists them. Default weight: 1. May be given"
              + " several times.")
  private List<String> loras = List.of();

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    ObjectNode wish = wish(format(), words());
    if (drafts != null && dryRun) {
      throw bad("--drafts does not go with --dry-run");
    }
    OutputFile file = OutputFile.at(output);
    Home at = home.open();
    try (AtExit exit = new AtExit()) {
      Client farm = farm(at, exit);
      if (image != null) {
        byte[] bytes = read("--image", image);
        boolean png = bytes.length > 1 && bytes[1] == 'P';
        String type = png ? "image/png" : "image/jpeg";
        wish.put("input_image", uploaded(farm, "/v1/images", type, bytes, "image"));
      }
      if (video != null) {
        byte[] bytes = read("--video", video);
        wish.put("input_video", uploaded(farm, "/v1/clips", clipType(bytes), bytes, "video"));
      }
      if (drafts != null) {
        return Refine.drafts(exit, farm, wish, output);
      }
      return dryRun ? foretell(farm, wish) : make(exit, farm, wish, file);
    } catch (Client.Refused e) {
      System.err.println("glimt: " + Visible.of(String.valueOf(e.getMessage())));
      return e.ours() ? 2 : 1;
    }
  }

  private static Client farm(Home at, AtExit exit) {
    if (Fleet.on(at).runs()) {
      return RunningFarm.on(at);
    }
    Optional<Home.Lock> free = at.lock();
    if (free.isEmpty()) {
      return RunningFarm.await(at);
    }
    Logs.to(at.logs().resolve("farm.log"));
    return new Client(
        RunningNode.start(
                exit,
                Up.atHome(
                    exit,
                    free.get(),
                    new Gateway.Address(Gateway.Address.LOOPBACK, 0),
                    RunningNode.slots(),
                    Optional.empty(),
                    Map.of()))
            .address()
            .orElseThrow());
  }

  private static int foretell(Client farm, ObjectNode wish) throws IOException {
    JsonNode job = farm.post("/v1/jobs?dry_run=true", wish);
    JsonNode would = job.path("forecast");
    boolean timed = would.path("learned").asBoolean();
    double seconds = would.path("deviceSeconds").asDouble();
    System.out.printf(Locale.ROOT, "%d jobs go first%n", would.path("position").asInt());
    System.out.printf(
        Locale.ROOT,
        "%.1f device-seconds%s%n",
        seconds,
        timed ? "" : ", of which some are a guess, as such steps were not timed yet");
    if (would.path("ends").isTextual()) {
      System.out.println("likely to end at " + would.path("ends").asText());
    }
    WatchedJob.tellPlan(job);
    if (would.path("obstacle").isTextual()) {
      System.out.println("cannot be done: " + Visible.of(would.path("obstacle").asText()));
    }
    return would.path("obstacle").isNull() ? 0 : 1;
  }

  private int make(AtExit exit, Client farm, ObjectNode wish, OutputFile file) throws IOException {
    WatchedJob job = exit.open(() -> WatchedJob.submit(farm, wish), WatchedJob::giveUp);
    return deliver(farm, job, file, output.toString());
  }

  /**
   * Follows a job and writes its file.
   *
   * @param told what to print when the file is written
   * @return the exit code
   */
  static int deliver(Client farm, WatchedJob job, OutputFile file, String told) throws IOException {
    JsonNode ending = job.follow(new Bars(System.err, Boolean.getBoolean("glimt.terminal")));
    String state = ending.path("state").asText();
    if (!state.equals("succeeded")) {
      String why = ending.path("why").asText("the farm gave no reason");
      System.err.println("glimt: %s: %s".formatted(state, Visible.of(why)));
      return 1;
    }
    if (ending.path("why").isTextual()) {
      System.err.println("glimt: " + Visible.of(ending.path("why").asText()));
    }
    String result = job.result("media");
    String credentials = job.result("credentials");
    try {
      if (!credentials.isEmpty() && !file.isDevice()) {
        OutputFile.at(beside(file.path())).write(out -> farm.download(credentials, out));
      }
      file.write(out -> farm.download(result, out));
    } catch (IOException e) {
      throw new DeployException(
          "%s could not be written (%s); the job has succeeded and its file is at %s"
              .formatted(file.path(), e.getMessage(), farm.farm().resolve(result)),
          e);
    }
    System.out.println(told);
    return 0;
  }

  /** Where the manifest of a file lies whose format has no place for one. */
  static Path beside(Path file) {
    return file.resolveSibling(file.getFileName() + "." + Product.CREDENTIALS_ENDING);
  }

  private byte[] read(String option, Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw bad("%s: %s does not exist or cannot be read".formatted(option, file));
    }
  }

  private static String clipType(byte[] bytes) {
    return switch (bytes.length == 0 ? 0 : bytes[0]) {
      case 'G' -> "image/gif";
      case 0x1a -> "video/webm";
      default -> "video/mp4";
    };
  }

  private static String uploaded(
      Client farm, String path, String type, byte[] bytes, String answer) {
    try {
      return farm.post(path, type, bytes).path(answer).asText();
    } catch (IOException e) {
      throw new DeployException(
          "the farm at %s does not answer; is it still running?".formatted(farm.farm()), e);
    }
  }

  private String words() {
    if ((prompt == null) == (promptFile == null)) {
      throw bad("give either a PROMPT or a --prompt-file");
    }
    if (promptFile == null) {
      return String.valueOf(prompt);
    }
    try {
      return Files.readString(promptFile).strip();
    } catch (CharacterCodingException e) {
      throw bad("--prompt-file: %s is not valid UTF-8".formatted(promptFile));
    } catch (IOException e) {
      throw bad("--prompt-file: %s does not exist or cannot be read".formatted(promptFile));
    }
  }

  private ParameterException bad(String why) {
    return new ParameterException(command.commandLine(), why);
  }

  private Format format() {
    String name = output.toString();
    int dot = name.lastIndexOf('.');
    try {
      return Format.ofEnding(dot < 0 ? "" : name.substring(dot + 1));
    } catch (InvalidSpec e) {
      throw bad("the ending of %s is not a known format: %s".formatted(output, e.getMessage()));
    }
  }

  /** Reads NAME:WEIGHT; a name has no colon. */
  private ObjectNode lora(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      return Client.object().put("name", text).put("weight", 1.0);
    }
    String weight = text.substring(colon + 1);
    try {
      return Client.object()
          .put("name", text.substring(0, colon))
          .put("weight", Double.parseDouble(weight));
    } catch (NumberFormatException e) {
      throw bad("--lora is NAME or NAME:WEIGHT, where the weight is a number, not " + weight);
    }
  }

  /** A number as such; the farm refuses any other text but auto, and says what is allowed. */
  private static JsonNode number(String text) {
    return text.matches("[0-9]{1,9}")
        ? IntNode.valueOf(Integer.parseInt(text))
        : TextNode.valueOf(text);
  }

  private ObjectNode wish(Format format, String words) {
    ObjectNode wish = Client.object();
    wish.put("kind", format.kind().name().toLowerCase(Locale.ROOT));
    wish.put("format", format.ending());
    wish.put("prompt", words).put("model", model).put("sampler", sampler);
    wish.put("quality", quality).put("class", urgency);
    wish.put("deadline", deadline).put("budget_seconds", budget);
    if (steps != null) {
      wish.set("steps", number(steps));
    }
    wish.put("seed", seed).put("guidance", guidance);
    wish.put("frames", frames).put("size", size).put("points", points).put("enlarge", enlarge);
    wish.put("strength", strength).put("noise_level", noiseLevel);
    loras.forEach(lora -> wish.withArray("loras").add(lora(lora)));
    wish.put("drafts", drafts);
    wish.put("watermark", unmarked ? Boolean.FALSE : null);
    wish.properties().removeIf(field -> field.getValue().isNull());
    return wish;
  }
}
