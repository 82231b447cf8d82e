package glimt.training.learning;

import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.diffusion.DivergenceException;
import glimt.media.Picture;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Draws sheets of samples during training; each replaces the previous one. */
final class Sketches {
  private final String level;
  private final @Nullable SampleSheet sheet;
  private final Path file;
  private long drawing;
  private long lastDrawing;

  /**
   * Prepares the sheets of a level.
   *
   * @param sheet the sheet, or null to draw none
   * @param out the folder of the picture
   */
  Sketches(String level, @Nullable SampleSheet sheet, Path out) {
    this.level = level;
    this.sheet = sheet;
    this.file = out.resolve(level + ".samples.png");
  }

  /**
   * Draws a sheet if all sheets together then take less than a fiftieth of the training time. The
   * time of the first is estimated, assuming that a training step costs three evaluations of its
   * batch.
   *
   * @param average supplies the averaged weights
   * @param spent the training time in nanoseconds
   * @param samples the number of training samples in that time
   */
  void drawIfCheap(NetworkSource source, Supplier<Safetensors> average, long spent, long samples) {
    if (sheet == null) {
      return;
    }
    double next =
        lastDrawing > 0 ? lastDrawing : sheet.evaluations() * (double) spent / (3.0 * samples);
    if (drawing + next < 0.02 * spent) {
      draw(source, average);
    }
  }

  void draw(NetworkSource source, Supplier<Safetensors> average) {
    if (sheet == null) {
      return;
    }
    long from = System.nanoTime();
    try (Network averaged = Network.of(level, source, average.get(), Precision.ofThisProcessor())) {
      Optional<Picture> picture = sheet.draw(averaged);
      if (picture.isPresent()) {
        Files.write(file, picture.get().png());
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } catch (DivergenceException young) {
      // A network early in training may diverge; there is nothing to show yet.
    } catch (IOException broken) {
      throw new TrainingException("cannot write %s: %s".formatted(file, broken), broken);
    }
    lastDrawing = System.nanoTime() - from;
    drawing += lastDrawing;
  }
}
