package glimt.bundle;

import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import glimt.bundle.SafetensorsHeader.TensorEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Tensors on their way into a file of another number format, a part at a time, so that weights of
 * many GB take no heap.
 */
record SafetensorsConversion(Safetensors tensors, Dtype dtype) {
  /** How many values are converted at a time. */
  private static final long PART = 1 << 18;

  void writeTo(FileChannel out) throws IOException {
    List<TensorEntry> entries = new ArrayList<>();
    long end = 0;
    for (Map.Entry<String, Tensor> named : tensors.tensors().entrySet()) {
      Tensor tensor = named.getValue();
      long begin = end;
      end += tensor.values().byteSize() / tensor.dtype().bytes * dtype.bytes;
      entries.add(new TensorEntry(named.getKey(), dtype, tensor.shape(), begin, end));
    }
    byte[] header = new SafetensorsHeader(0, entries, tensors.metadata()).bytes();
    ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    Safetensors.writeFully(out, start.putLong(header.length).put(header).flip());
    for (Tensor tensor : tensors.tensors().values()) {
      int bytes = tensor.dtype().bytes;
      long count = tensor.values().byteSize() / bytes;
      for (long at = 0; at < count; at += PART) {
        long part = Math.min(PART, count - at);
        Tensor some =
            new Tensor(
                tensor.dtype(), List.of(part), tensor.values().asSlice(at * bytes, part * bytes));
        Safetensors.writeFully(out, some.as(dtype).bytes());
      }
    }
  }
}
