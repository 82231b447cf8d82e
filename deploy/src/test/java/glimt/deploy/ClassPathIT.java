package glimt.deploy;

import static glimt.deploy.Launched.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks which jars are on the class paths of the packaged processes. */
class ClassPathIT {
  private static final Path TARGET = Path.of("target").toAbsolutePath();
  private static final List<String> TRAINING = List.of("training-", "metrics-", "imageio-webp-");

  @TempDir private Path folder;

  @Test
  void no_process_of_a_farm_finds_what_trains_networks() throws IOException {
    Path home = folder.resolve("home");
    try (Launched farm = Launched.up(home, "--workers", "1")) {
      JsonNode workers =
          eventually(
              () -> workers(farm),
              seen -> seen.size() == 1 && seen.path(0).path("pid").asLong() > 0);
      for (long pid : List.of(farm.pid(), workers.path(0).path("pid").asLong())) {
        assertThat(classPath(pid))
            .as("class path of process %d", pid)
            .anyMatch(jar -> jar.startsWith("serving-"))
            .noneMatch(ClassPathIT::trains);
        assertThat(opened(pid))
            .as("jars that process %d has opened", pid)
            .anyMatch(jar -> jar.startsWith("serving-"))
            .noneMatch(ClassPathIT::trains);
      }
    }
  }

  @Test
  void a_program_maps_nearly_all_of_its_classes_from_the_archive() throws Exception {
    Path log = folder.resolve("classes");
    ProcessBuilder help =
        new ProcessBuilder(TARGET.resolveSibling("glimt").toString(), "up", "--help");
    help.environment().put("JAVA_TOOL_OPTIONS", "-Xlog:class+load:file=" + log);
    Process process = help.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    List<String> classes =
        Files.readAllLines(log).stream().filter(line -> line.contains(" source: ")).toList();
    long mapped = classes.stream().filter(line -> line.contains("shared objects file")).count();
    assertThat((double) mapped / classes.size())
        .as(
            "share of %d classes; deploy/src/main/archive/classes.lst says how it is made",
            classes.size())
        .isGreaterThan(0.8);
  }

  @Test
  void what_trains_networks_lies_in_a_folder_of_its_own() throws IOException {
    try (Stream<Path> jars = Files.list(TARGET.resolve("lib-training"))) {
      List<String> names = jars.map(jar -> jar.getFileName().toString()).toList();
      for (String needed : TRAINING) {
        assertThat(names).anyMatch(name -> name.startsWith(needed));
      }
    }
  }

  @Test
  void without_it_train_says_how_to_start_it_and_explains_itself_all_the_same() throws Exception {
    Process train = java("train", "recipe.json", "--out", "toy", "--home", folder.toString());
    assertThat(new String(train.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
        .hasLineCount(1)
        .contains("deploy/glimt")
        .contains("lib-training");
    assertThat(train.waitFor()).isEqualTo(1);

    Process help = java("--help");
    assertThat(new String(help.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("  train ", "  eval ");
    assertThat(help.waitFor()).isZero();
  }

  private static boolean trains(String jar) {
    return TRAINING.stream().anyMatch(jar::startsWith);
  }

  private static JsonNode workers(Launched farm) {
    try {
      return farm.client().get("/v1/workers").path("workers");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The file names of all jars on a process's class path, including those of manifests. */
  private static List<String> classPath(long pid) throws IOException {
    List<String> command =
        Arrays.asList(
            Files.readString(Path.of("/proc", Long.toString(pid), "cmdline")).split("\0"));
    String given = command.get(command.indexOf("-cp") + 1);
    List<String> names = new ArrayList<>();
    for (String entry : given.split(":", -1)) {
      names.add(Path.of(entry).getFileName().toString());
      try (JarFile jar = new JarFile(entry)) {
        String more = jar.getManifest().getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
        if (more != null) {
          Stream.of(more.split(" ")).map(name -> name.replaceAll(".*/", "")).forEach(names::add);
        }
      }
    }
    return names;
  }

  private static List<String> opened(long pid) throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
      return files
          .map(ClassPathIT::target)
          .filter(file -> file.endsWith(".jar"))
          .map(file -> file.replaceAll(".*/", ""))
          .toList();
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException closedMeanwhile) {
      return "";
    }
  }

  private static Process java(String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                TARGET.resolve("glimt.jar").toString()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).start();
  }
}
