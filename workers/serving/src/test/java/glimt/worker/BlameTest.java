package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.BundleException;
import glimt.job.ArtifactId;
import glimt.job.Fault;
import glimt.job.InvalidSpec;
import glimt.job.Outcome;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlameTest {
  private static Fault fault(Throwable broken) {
    return Blame.of(broken).fault();
  }

  @Test
  void no_room_on_the_device_is_told_from_other_troubles_of_libtorch() {
    assertThat(fault(new OutOfMemoryError("Java heap space"))).isEqualTo(Fault.OUT_OF_MEMORY);
    assertThat(fault(new EngineException("CUDA out of memory. Tried to allocate 2 GiB")))
        .isEqualTo(Fault.OUT_OF_MEMORY);
    assertThat(fault(new EngineException("DefaultCPUAllocator: can't allocate memory: 8 bytes")))
        .isEqualTo(Fault.OUT_OF_MEMORY);
    assertThat(fault(new EngineException("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling")))
        .isEqualTo(Fault.OUT_OF_MEMORY);
    assertThat(fault(new EngineException("expected a tensor of 4 dimensions")))
        .isEqualTo(Fault.INTERNAL);
  }

  @Test
  void what_cannot_be_done_as_asked_is_not_tried_again() {
    assertThat(fault(new BundleException("clips: no such file"))).isEqualTo(Fault.INVALID);
    assertThat(fault(new InvalidSpec("sampler", "unknown"))).isEqualTo(Fault.INVALID);
  }

  @Test
  void the_cause_that_knows_speaks() {
    Throwable wrapped =
        new IllegalStateException(
            "the walk failed", new UncheckedIOException(new NoSuchFileException("state")));
    assertThat(Blame.of(wrapped))
        .isEqualTo(new Outcome.Failed(Fault.STORAGE, "java.nio.file.NoSuchFileException: state"));
    assertThat(fault(new FileNotFoundException("state"))).isEqualTo(Fault.STORAGE);
  }

  @Test
  void a_lost_input_is_told_by_its_name_so_that_it_is_made_again(@TempDir Path folder)
      throws IOException {
    ArtifactFolder artifacts = new ArtifactFolder(folder);
    ArtifactId input = artifacts.put("a/b", new byte[] {1, 2, 3}).id();
    Files.delete(artifacts.path(input));
    Throwable missing = catchThrowable(() -> artifacts.read(input));
    assertThat(Blame.damage(new IllegalStateException("no sample", missing)))
        .contains(new Outcome.Damaged(input));
    assertThat(Blame.damage(new FileNotFoundException("state"))).isEmpty();
  }

  @Test
  void a_reason_is_one_short_line() {
    assertThat(Blame.of(new IllegalStateException("first\nsecond")).why()).isEqualTo("first");
    assertThat(Blame.of(new IllegalStateException("x".repeat(5000))).why()).hasSize(301);
    assertThat(Blame.of(new IllegalStateException()).why()).isEqualTo("IllegalStateException");
  }

  @Test
  void an_allocation_that_libtorch_refuses_is_out_of_memory() {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      Throwable refused = catchThrowable(() -> manager.zeros(new Shape(1L << 46))); // 256 TiB
      assertThat(fault(refused)).as(String.valueOf(refused)).isEqualTo(Fault.OUT_OF_MEMORY);
    }
  }

  @Test
  void of_a_trace_through_a_network_the_last_line_is_the_reason() {
    String trace =
        """
        The following operation failed in the TorchScript interpreter.
        Traceback of TorchScript, serialized code (most recent call last):
          File "code/__torch__/Network.py", line 5, in forward
            return torch.reshape(x, [7])
                   ~~~~~~~~~~~~~ <--- HERE
        RuntimeError: shape '[7]' is invalid for input of size 6
        """;
    assertThat(Blame.of(new EngineException(trace)).why())
        .isEqualTo("RuntimeError: shape '[7]' is invalid for input of size 6");
  }
}
