package glimt.published;

import static glimt.published.TorchFile.floats;
import static glimt.published.TorchFile.state;
import static glimt.published.TorchFile.storage;
import static glimt.published.TorchFile.tensor;
import static glimt.published.TorchFile.text;
import static glimt.published.TorchFile.tuple;
import static glimt.published.TorchFile.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchPickleTest {
  private static final byte[] SIX = floats(1, 2, 3, 4, 5, 6);
  private static final Map<String, byte[]> STORED = Map.of("0", SIX);
  private static final String W = tensor("FloatStorage", "0", 6, 0, new int[] {2, 3}, by(3, 1));

  private Path file;

  @BeforeEach
  void place(@TempDir Path folder) {
    file = folder.resolve("weights.pt");
  }

  @Test
  void a_state_dict_is_read_where_it_lies() {
    Safetensors read = TorchPickle.map(TorchFile.zip(file, state("a.w", W), STORED));

    assertThat(read.tensors()).containsOnlyKeys("a.w");
    assertThat(read.get("a.w").shape()).containsExactly(2L, 3L);
    assertThat(read.get("a.w").floats()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(read.get("a.w").values().isMapped()).isTrue();
  }

  @Test
  void strides_and_offsets_are_honoured() {
    String turned = tensor("FloatStorage", "0", 6, 0, new int[] {3, 2}, by(1, 3));
    assertThat(only(state("w", turned)).floats()).containsExactly(1, 4, 2, 5, 3, 6);
    String second = tensor("FloatStorage", "0", 6, 1, new int[] {2}, by(3));
    assertThat(only(state("w", second)).floats()).containsExactly(2, 5);
    String scalar = tensor("FloatStorage", "0", 6, 4, new int[0], by());
    assertThat(only(state("w", scalar)).floats()).containsExactly(5);
    String none = tensor("FloatStorage", "0", 6, 6, new int[] {0, 3}, by(3, 1));
    assertThat(only(state("w", none)).floats()).isEmpty();
  }

  @Test
  void formats_that_networks_do_not_compute_in_are_widened() {
    Map<String, byte[]> stored = Map.of("0", new byte[] {1, 0, -1, -1, 0, 0, -8, 0x3f});
    assertThat(only("CharStorage", 8, stored).longs()).containsExactly(1, 0, -1, -1, 0, 0, -8, 63);
    assertThat(only("ByteStorage", 8, stored).longs()).startsWith(1, 0, 255, 255);
    assertThat(only("ShortStorage", 4, stored).longs()).containsExactly(1, -1, 0, 0x3ff8);
    assertThat(only("IntStorage", 2, stored).longs()).containsExactly(0xffff0001, 0x3ff80000);
    assertThat(only("LongStorage", 1, stored).longs()).containsExactly(0x3ff80000ffff0001L);
    assertThat(only("DoubleStorage", 1, stored).floats()).containsExactly(1.500001f);
    assertThat(only("BoolStorage", 8, stored).dtype()).isEqualTo(Dtype.I64);
    assertThat(only("HalfStorage", 4, stored).dtype()).isEqualTo(Dtype.F16);
    assertThat(only("BFloat16Storage", 4, stored).floats()[3]).isEqualTo(1.9375f);
  }

  @Test
  void checkpoints_of_training_are_unwrapped() {
    String inner = state("w", "ctorch._utils\n_rebuild_parameter\n(" + W + "\u0088NtR");
    String wrapped =
        "}("
            + text("epoch")
            + whole(3)
            + text("state_dict")
            + inner
            + text("lr")
            + "G"
            + "?\u00f0\0\0\0\0\0\0"
            + "u";
    assertThat(only(wrapped).floats()).hasSize(6);
    assertThat(only("}" + text("model") + wrapped + "s").floats()).hasSize(6);
  }

  /** As Lightning wrote Stable Diffusion 1: callbacks by their classes, with numbers of numpy. */
  @Test
  void what_trainers_keep_beside_the_weights_is_passed_over() {
    String bytes = "c_codecs\nencode\n" + text("a\u00e9") + text("latin1") + "\u0086R";
    String type =
        "cnumpy\ndtype\n" + text("f8") + "K\0K\1\u0087R(K\3" + text("<") + "NNNJ\1\0\0\0tb";
    String scalar = "cnumpy.core.multiarray\nscalar\n" + type + bytes + "\u0086R";
    String array =
        "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
            + tuple(0)
            + bytes
            + "\u0087R("
            + whole(1)
            + tuple(1)
            + type
            + "\u0089"
            + bytes
            + "tb";
    String callbacks =
        "}cpytorch_lightning.callbacks.model_checkpoint\nModelCheckpoint\n}"
            + text("best_model_score")
            + scalar
            + "ss";
    String checkpoint =
        "}("
            + text("callbacks")
            + callbacks
            + text("history")
            + array
            + text("milestones")
            + "ccollections\nCounter\n}\u0085R"
            + text("args")
            + "cargparse\nNamespace\n)\u0081}"
            + text("lr")
            + "Nsb"
            + text("state_dict")
            + state("w", W)
            + "u";
    assertThat(only(checkpoint).floats()).containsExactly(1, 2, 3, 4, 5, 6);
    refused("cpytorch_lightning.callbacks.model_checkpoint\nModelCheckpoint\n)R")
        .hasMessageContaining("ModelCheckpoint")
        .hasMessageContaining("never called");
    refused("cpytorch_lightning.callbacks.model_checkpoint\nos\n")
        .hasMessageContaining("run pytorch_lightning.callbacks.model_checkpoint.os;");
    refused("cnumpy.core.multiarray\nfrombuffer\n")
        .hasMessageContaining("run numpy.core.multiarray.frombuffer;");
  }

  @Test
  void code_in_a_pickle_of_any_age_is_named_and_not_run() {
    Path harm = file.resolveSibling("harm");
    for (String code :
        java.util.List.of(
            "cposix\nsystem\n(S'touch %s'\ntR.".formatted(harm),
            "(S'touch %s'\niposix\nsystem\n.".formatted(harm),
            "\u0080\u0002cposix\nsystem\n" + text("touch " + harm) + "\u0085R.",
            "\u0080\u0004\u008c\u0005posix\u008c\u0006system\u0093" + text("x") + "\u0085R.")) {
      TorchFile.write(file, TorchFile.bytes(code));
      assertThat(PublishedWeights.isPickle(file)).isTrue();
      refused().hasMessageContaining("asks Python to run posix.system;");
    }
    assertThat(harm).doesNotExist();
  }

  @Test
  void a_state_dict_may_say_versions_of_its_modules() {
    String versions = "}" + text("_metadata") + "ccollections\nOrderedDict\n)Rs";
    String dict = "ccollections\nOrderedDict\n)R" + text("w") + W + "s" + versions + "b";
    assertThat(only(dict).floats()).hasSize(6);
  }

  @Test
  void the_older_format_is_read() {
    String old = W.replace("tQ", "NtQ");
    Safetensors read = TorchPickle.map(TorchFile.legacy(file, state("w", old), "0", 6, SIX));
    assertThat(read.get("w").floats()).containsExactly(1, 2, 3, 4, 5, 6);

    TorchFile.legacy(file, state("w", old), "0", 6, Arrays.copyOf(SIX, 20));
    refused().hasMessageContaining("cut short");
    TorchFile.legacy(file, state("w", old), "0", 5, SIX);
    refused().hasMessageContaining("disagree");
  }

  @Test
  void a_packed_zip_is_unpacked() {
    TorchFile.zip(file, state("w", W), STORED, ZipEntry.DEFLATED);
    assertThat(TorchPickle.map(file).get("w").floats()).containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void programs_are_refused_by_name() {
    refused("cos\nsystem\n" + text("touch harm") + "\u0085R")
        .hasMessageContaining("asks Python to run os.system;");
    refused("cbuiltins\neval\n" + text("1") + "\u0085R").hasMessageContaining("builtins.eval");
    refused(text("posix") + text("system") + "\u0093").hasMessageContaining("posix.system");
    refused("(" + text("ls") + "isubprocess\nPopen\n").hasMessageContaining("subprocess.Popen");
    refused("}" + text("w") + "ctorch._utils\n_rebuild_tensor_v3\n")
        .hasMessageContaining("torch._utils._rebuild_tensor_v3");
    refused("c__torch__\nNet\n)\u0081").hasMessageContaining("__torch__.Net");
    refused("cposix\n" + "x".repeat(600)).hasMessageContaining("never ends");
    refused("\u0082\u0001").hasMessageContaining("opcode 0x82");
  }

  @Test
  void known_functions_take_no_other_arguments() {
    String rebuild = "ctorch._utils\n_rebuild_tensor_v2\n";
    refused(rebuild + ")R").hasMessageContaining("calls torch._utils._rebuild_tensor_v2");
    refused(rebuild + "(" + text("a") + text("b") + text("c") + text("d") + "tR")
        .hasMessageContaining("no storage");
    refused(rebuild + "]R").hasMessageContaining("no tuple");
    refused("ctorch\nFloatStorage\n)R").hasMessageContaining("torch.FloatStorage");
    refused("ccollections\nOrderedDict\n" + whole(1) + "\u0085R").hasMessageContaining("pairs");
    refused("ctorch._utils\n_rebuild_parameter\n" + tuple(1, 2, 3) + "R")
        .hasMessageContaining("no tensor");
    refused("(" + text("module") + "tQ").hasMessageContaining("no storage");
    refused(W + "}b").hasMessageContaining("no dictionary");
    refused(whole(1) + ")R").hasMessageContaining("no function");
  }

  @Test
  void tensors_stay_inside_of_their_storage() {
    for (int[][] lie :
        new int[][][] {
          {{7}, by(1)},
          {{2, 3}, by(4, 1)},
          {{-1}, by(1)},
          {{2}, by(-1)},
          {{2}, by(1, 1)},
          {{1 << 30, 1 << 30}, by(0, 0)}, // one value, seen a billion billion times
          {{1 << 30, 1 << 30, 1 << 30}, by(1 << 30, 1, 1)},
        }) {
      refused(state("w", tensor("FloatStorage", "0", 6, 0, lie[0], lie[1])))
          .hasMessageContaining("_rebuild_tensor_v2");
    }
    refused(state("w", tensor("FloatStorage", "0", 7, 0, new int[] {6}, by(1))))
        .hasMessageContaining("wants a storage of 7 values");
    refused(state("w", tensor("FloatStorage", "1", 6, 0, new int[] {6}, by(1))))
        .hasMessageContaining("no entry archive/data/1");
    refused(storage("FloatStorage", "0", -6)).hasMessageContaining("no storage");
  }

  @Test
  void containers_that_hold_themselves_do_no_harm() {
    // d = {"w": tensor, "d": d}
    String loop = "}q\0" + text("w") + W + "s" + text("d") + "h\0s";
    assertThat(only(loop).floats()).hasSize(6);
    refused("}q\0" + text("model") + "h\0s").hasMessageContaining("holds no tensors by name");
    refused("]q\0h\0a").hasMessageContaining("no dictionary of tensors");
    // A tuple of two tuples of two tuples …, which a hash would walk through 2^60 times.
    refused("})" + "2\u0086".repeat(60) + "Ns").hasMessageContaining("key");
    refused("h\7").hasMessageContaining("recalls");
  }

  @Test
  void pickles_cut_short_are_told() {
    refused("X" + TorchFile.little(4, 0x7fffffff)).hasMessageContaining("a text of 2147483647");
    refused("X" + TorchFile.little(4, 1000) + "a").hasMessageContaining("cut short");
    refused("s").hasMessageContaining("a value is missing");
    refused("t").hasMessageContaining("a value is missing");
    refused("}(" + text("w") + "u").hasMessageContaining("damaged pickle");
    refused("\u008e" + TorchFile.little(8, -1)).hasMessageContaining("damaged pickle");
  }

  @Test
  void every_cut_and_every_changed_byte_ends_in_an_error_or_in_tensors() throws IOException {
    byte[] whole = Files.readAllBytes(TorchFile.zip(file, state("w", W), STORED));
    for (int length = 0; length < whole.length; length++) {
      TorchFile.write(file, Arrays.copyOf(whole, length));
      refused();
    }
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      byte[] changed = whole.clone();
      changed[random.nextInt(whole.length)] = (byte) random.nextInt();
      TorchFile.write(file, changed);
      try {
        assertThat(TorchPickle.map(file).tensors()).isNotEmpty();
      } catch (BundleException told) {
        assertThat(told).hasMessageContaining("weights.pt");
      }
    }
  }

  @Test
  void damaged_pickles_never_end_otherwise() {
    byte[] pickle = TorchFile.bytes(state("w", W));
    Random random = new Random(2);
    for (int i = 0; i < 2000; i++) {
      byte[] changed = pickle.clone();
      for (int j = random.nextInt(4); j >= 0; j--) {
        changed[random.nextInt(pickle.length)] = (byte) random.nextInt();
      }
      TorchFile.zip(
          file, new String(changed, java.nio.charset.StandardCharsets.ISO_8859_1), STORED);
      try {
        assertThat(TorchPickle.map(file).tensors()).isNotEmpty();
      } catch (BundleException told) {
        assertThat(told).hasMessageContaining("weights.pt");
      }
    }
  }

  @Test
  void what_is_no_file_of_pytorch_is_told() {
    TorchFile.write(
        file, "version https://git-lfs".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    refused().hasMessageContaining("neither a zip file nor a pickle");
    TorchFile.write(file, TorchFile.bytes("\u0080\u0002}."));
    refused().hasMessageContaining("does not begin as PyTorch's do");
    assertThatThrownBy(() -> TorchPickle.map(file.resolveSibling("none.pt")))
        .hasMessageContaining("missing");
  }

  private Safetensors.Tensor only(String opcodes) {
    return TorchPickle.map(TorchFile.zip(file, opcodes, STORED)).get("w");
  }

  private Safetensors.Tensor only(String storage, int count, Map<String, byte[]> stored) {
    String w = tensor(storage, "0", count, 0, new int[] {count}, by(1));
    return TorchPickle.map(TorchFile.zip(file, state("w", w), stored)).get("w");
  }

  private AbstractThrowableAssert<?, ?> refused(String opcodes) {
    TorchFile.zip(file, opcodes, STORED);
    return refused();
  }

  private AbstractThrowableAssert<?, ?> refused() {
    return assertThatThrownBy(() -> TorchPickle.map(file))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("weights.pt");
  }

  private static int[] by(int... strides) {
    return strides;
  }
}
