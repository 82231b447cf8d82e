package glimt.deploy.models;

import glimt.deploy.models.RandomWeights.StoredFormat;
import glimt.deploy.node.AtExit;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code glimt bench models}: measures models of published sizes. */
@Command(
    name = "models",
    description = {
      "Measures models of published sizes: import, load, steps, and memory against the weights.",
      "Writes each as a folder of diffusers with random weights, imports it, and runs jobs on a farm",
      "with one worker; all of that in a folder of the home, which is deleted afterwards. sd is",
      "Stable Diffusion 1.5 (2.1 GB), t2v is text-to-video-sd (3.7 GB), wan is Wan 2.1 1.3B with its",
      "UMT5-XXL encoder (14.4 GB). Stops if the machine runs short of memory."
    })
public final class ModelsBench implements Callable<Integer> {
  @Option(
      names = "--only",
      paramLabel = "MODEL",
      converter = SizeConverter.class,
      description = "sd, t2v or wan; may be given several times. Default: all of them")
  private List<PublishedSize> only = List.of();

  @Option(
      names = "--dtype",
      paramLabel = "bf16|fp16",
      defaultValue = "bf16",
      description = "Format of the weights' files. Default: bf16")
  private String dtype;

  @Option(
      names = "--precision",
      paramLabel = "fp32|bf16",
      description = "Number format in which networks compute. Default: the device's fastest")
  private @Nullable String precision;

  @Option(
      names = "--side",
      paramLabel = "PIXELS",
      description = "Height and width of the samples. Default: 256, 128 and 64")
  private @Nullable Integer side;

  @Option(
      names = "--steps",
      defaultValue = "2",
      description = "Over how many steps a step is measured. Default: 2")
  private int steps;

  @Option(names = "--tiny", hidden = true, description = "Networks of a few thousand parameters.")
  private boolean tiny;

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (steps < 1 || steps > 1000 || !Set.of("bf16", "fp16").contains(dtype)) {
      throw new ParameterException(
          command.commandLine(), "--steps must be 1 to 1000, and --dtype bf16 or fp16");
    }
    Home at = home.open();
    RandomWeights weights =
        new RandomWeights(dtype.equals("bf16") ? StoredFormat.BF16 : StoredFormat.F16);
    for (PublishedSize size :
        only.isEmpty() ? List.of(PublishedSize.values()) : new LinkedHashSet<>(only)) {
      try (AtExit exit = new AtExit()) {
        Path place = exit.open(() -> scratch(at), ModelsBench::delete);
        new ModelTrial(exit, place, size, settings()).run(weights);
      }
    }
    return 0;
  }

  private ModelTrial.TrialSettings settings() {
    return new ModelTrial.TrialSettings(
        tiny, side, steps, precision == null ? List.of() : List.of("--precision", precision));
  }

  /** Converts the names that the help lists. */
  private static final class SizeConverter implements ITypeConverter<PublishedSize> {
    @Override
    public PublishedSize convert(String name) {
      return Arrays.stream(PublishedSize.values())
          .filter(size -> size.word().equals(name))
          .findFirst()
          .orElseThrow(
              () -> new TypeConversionException("must be sd, t2v or wan, not '" + name + "'"));
    }
  }

  /** Prints a row of the table. */
  static void row(String what, String measured, String wanted) {
    System.out.printf(Locale.ROOT, "%-52s %-28s %s%n", what, measured, wanted);
  }

  /** Reports what is going on. */
  static void say(String line) {
    System.err.println(line);
  }

  private static Path scratch(Home home) {
    try {
      return Files.createTempDirectory(home.folder(), "bench");
    } catch (IOException e) {
      throw new DeployException("the home %s cannot be written".formatted(home.folder()), e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new DeployException("cannot delete " + folder + ": " + e.getMessage(), e);
    }
  }
}
