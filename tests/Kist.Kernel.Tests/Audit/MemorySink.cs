using System.Text;
using Kist.Kernel.Audit;

namespace Kist.Kernel.Tests.Audit;

/// <summary>A sink in memory whose medium can be made to fail or to block.</summary>
internal sealed class MemorySink : IAuditSink
{
    private readonly MemoryStream _log = new();
    private readonly Lock _gate = new();

    /// <summary>While set, writes wait for it.</summary>
    public TaskCompletionSource? Blocked { get; set; }

    /// <summary>While set, writes wait for it without giving their thread back, as on a dead disk.</summary>
    public Hold? Hung { get; set; }

    /// <summary>Set by a write that has begun to wait for <see cref="Blocked"/> or <see cref="Hung"/>.</summary>
    public TaskCompletionSource Stuck { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>While set, writes fail with it.</summary>
    public IOException? Failure { get; set; }

    /// <summary>Whether it keeps what it takes.</summary>
    public bool Keeps { get; set; } = true;

    public int Reopened { get; private set; }

    public string Text
    {
        get
        {
            lock (_gate) return Encoding.UTF8.GetString(_log.ToArray());
        }
        set
        {
            lock (_gate)
            {
                _log.SetLength(0);
                _log.Write(Encoding.UTF8.GetBytes(value));
            }
        }
    }

    public string[] Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The lines that are no checkpoints, without their chain fields.</summary>
    public string[] Entries =>
        [.. Lines.Where(line => !line.Contains("\"type\":\"checkpoint\""))
            .Select(line => line[..line.LastIndexOf(",\"chain\":{", StringComparison.Ordinal)] + "}")];

    public ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken ct)
    {
        if (Blocked is { } blocked) return WaitAndWriteAsync(blocked.Task, lines, ct);
        if (Hung is { } hung)
        {
            Stuck.TrySetResult();
            hung.Wait();
        }
        if (Failure is { } failure) throw failure;
        lock (_gate)
        {
            if (Keeps) _log.Write(lines.Span);
        }
        return default;
    }

    private async ValueTask WaitAndWriteAsync(Task blocked, ReadOnlyMemory<byte> lines, CancellationToken ct)
    {
        Stuck.TrySetResult();
        await blocked.WaitAsync(ct);
        if (Failure is { } failure) throw failure;
        lock (_gate) _log.Write(lines.Span);
    }

    public ValueTask ReopenAsync(CancellationToken ct)
    {
        Reopened++;
        return default;
    }

    public ValueTask<ReadOnlyMemory<byte>> ReadLastLineAsync(CancellationToken ct) =>
        new(Lines is [.., var last] ? Encoding.UTF8.GetBytes(last) : default(ReadOnlyMemory<byte>));

    public ValueTask DisposeAsync() => default;
}

/// <summary>Holds threads until it is released, at the latest by the test's end.</summary>
internal sealed class Hold : IDisposable
{
    private readonly ManualResetEventSlim _released = new();

    public void Wait() => _released.Wait();

    public void Release() => _released.Set();

    public void Dispose() => Release();
}
