using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>
/// The encrypted content behind the header, in constant memory. This thread reads and writes; while it does, others
/// work on the batches in between, and what they made is written in order.
/// </summary>
internal static class Payload
{
    public const int NonceBytes = 16;
    private const int BatchChunks = 8;
    private const int MaxBatches = 4;

    /// <summary>Encrypts all of <paramref name="input"/>: a nonce, then the chunks.</summary>
    public static void Seal(AgeInput input, Stream output, SecretBuffer fileKey)
    {
        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        output.Write(nonce);
        using var key = DeriveKey(fileKey, nonce);
        Run(input, output, key, ChunkCipher.PlainBytes, static batch => batch.Seal());
    }

    /// <summary>Decrypts the rest of <paramref name="input"/>; nothing is written that was not authentic.</summary>
    /// <returns>What is wrong with the content; null when nothing is.</returns>
    public static AgeFault? Open(AgeInput input, Stream output, SecretBuffer fileKey)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        if (input.ReadAll(nonce) < NonceBytes)
            return new AgeFault(AgeFaultKind.Header, "the file ends before its content");
        using var key = DeriveKey(fileKey, nonce);
        return Run(input, output, key, ChunkCipher.SealedBytes, static batch => batch.Open()) is { } wrong
            ? new AgeFault(AgeFaultKind.Payload, wrong) : null;
    }

    private static SecretBuffer DeriveKey(SecretBuffer fileKey, ReadOnlySpan<byte> nonce)
    {
        var key = SecretBuffer.Rent(32);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, fileKey.Span, key.Span, nonce, "payload"u8);
        return key;
    }

    private static string? Run(
        AgeInput input, Stream output, SecretBuffer key, int chunkBytes, Action<PayloadBatch> work)
    {
        long next = 0;
        byte? carried = null;
        // One chunk first: most files have no more, and what decides whether the file opens is known at once.
        using (var first = new PayloadBatch(1, chunkBytes, key.Span))
        {
            first.Read(input, 1, ref carried, ref next);
            work(first);
            if (first.Fault is null || first.Made.Length > 0) output.Write(first.Made);
            if (first.Fault is not null || first.Ends) return first.Fault;
        }
        var all = new List<PayloadBatch>();
        try
        {
            return Run(input, output, all, carried, next, work,
                () => new PayloadBatch(BatchChunks, chunkBytes, key.Span));
        }
        finally
        {
            foreach (var batch in all)
            {
                Await(batch);
                batch.Dispose();
            }
        }
    }

    private static string? Run(AgeInput input, Stream output, List<PayloadBatch> all, byte? carried, long next,
        Action<PayloadBatch> work, Func<PayloadBatch> create)
    {
        var most = Math.Clamp(Environment.ProcessorCount + 1, 2, MaxBatches);
        var running = new Queue<PayloadBatch>();
        var ends = false;
        while (true)
        {
            while (!ends && running.Count < most)
            {
                var batch = all.Find(b => !running.Contains(b));
                if (batch is null) all.Add(batch = create());
                batch.Read(input, BatchChunks, ref carried, ref next);
                ends = batch.Ends;
                batch.Work = Task.Run(() => work(batch));
                running.Enqueue(batch);
            }
            if (!running.TryDequeue(out var done)) return null;
            Await(done);
            if (done.Made.Length > 0) output.Write(done.Made);
            if (done.Fault is not null) return done.Fault;
        }
    }

    // The thread has nothing else to do: a file is read and written in order.
    private static void Await(PayloadBatch batch) => batch.Work.GetAwaiter().GetResult();
}
