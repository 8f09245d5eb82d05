using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kist.Native.Tests.Faults;

/// <summary>
/// A disk that fails or hangs on command, for the processes that are started through <see cref="Starter"/>. Their
/// system calls that write files are handed to this class first (seccomp(2) user notification), which lets them pass,
/// lets them fail, or holds them. Needs neither root nor a file system of its own; Linux 5.9.
/// </summary>
internal sealed partial class FaultyDisk
{
    private readonly Lock _gate = new();
    private readonly List<(int Listener, ulong Call)> _held = [];
    private readonly Dictionary<DiskCall, int> _faults = [];
    private TaskCompletionSource _hit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The runtime's own threads start with its first child process, and must not inherit the filter.
    static FaultyDisk()
    {
        using var first = Process.Start("true");
        first.WaitForExit();
    }

    /// <summary>Makes processes whose disk this is; for KistServer and KistProcess.</summary>
    public Action<Action> Starter => Start;

    /// <summary>Completes when a call has failed or is held since the last change.</summary>
    public Task Hit
    {
        get { lock (_gate) return _hit.Task; }
    }

    /// <summary>From now on these calls fail with <paramref name="errno"/>.</summary>
    public void Fail(int errno, params DiskCall[] calls) => Set(errno, calls);

    /// <summary>From now on these calls do not come back until <see cref="Heal"/>.</summary>
    public void Hang(params DiskCall[] calls) => Set(0, calls);

    /// <summary>From now on every call works again, and those that were held go on.</summary>
    public void Heal()
    {
        lock (_gate)
        {
            _faults.Clear();
            foreach (var (listener, call) in _held) Answer(listener, call, 0);
            _held.Clear();
        }
    }

    private void Set(int errno, DiskCall[] calls)
    {
        lock (_gate)
        {
            foreach (var call in calls) _faults[call] = errno;
            _hit = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    // A filter is for one thread and what it starts, and cannot be taken off again: a thread for each process.
    private void Start(Action begin)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                var listener = Listen();
                new Thread(() => Serve(listener)) { IsBackground = true, Name = "faulty disk" }.Start();
                begin();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null) throw new InvalidOperationException("the server was not started", failure);
    }

    private void Serve(int listener)
    {
        // Ends when the last process under the filter has: the descriptor then reports a hang-up.
        for (var wait = new PollEntry { Descriptor = listener, Events = 1 }; ; wait.Answered = 0)
        {
            if (Poll(ref wait, 1, -1) > 0 && (wait.Answered & 1) == 0) break;
            var notice = default(Notice);
            if (Control(listener, Receive, ref notice) == 0) Decide(listener, notice);
        }
        lock (_gate) _held.RemoveAll(held => held.Listener == listener);
        _ = Close(listener);
    }

    private void Decide(int listener, in Notice notice)
    {
        lock (_gate)
        {
            // A thread of this program that a filtered one has started.
            var isOurs = Directory.Exists($"/proc/self/task/{notice.Thread}");
            if (isOurs || !_faults.TryGetValue(Numbers.CallOf(notice.Number), out var errno))
            {
                Answer(listener, notice.Id, 0);
                return;
            }
            if (errno == 0) _held.Add((listener, notice.Id));
            else Answer(listener, notice.Id, errno);
            _hit.TrySetResult();
        }
    }

    // A call whose process has died meanwhile cannot be answered, and need not be.
    private static void Answer(int listener, ulong call, int errno)
    {
        var reply = new Reply { Id = call, Error = -errno, Flags = errno == 0 ? 1u : 0u };
        _ = Control(listener, Send, ref reply);
    }

    private static unsafe int Listen()
    {
        var filter = Numbers.Filter();
        fixed (Instruction* first = filter)
        {
            var program = new Program { Length = (ushort)filter.Length, First = first };
            const int setNoNewPrivileges = 38, setModeFilter = 1, newListener = 8;
            if (ProcessControl(setNoNewPrivileges, 1, 0, 0, 0) == 0
                && SystemCall(Numbers.Seccomp, setModeFilter, newListener, ref program) is var listener and >= 0)
                return (int)listener;
        }
        throw new PlatformNotSupportedException(
            "these tests need seccomp(2) with user notification: Linux 5.9 or newer, where no container forbids it: "
            + Marshal.GetLastPInvokeErrorMessage());
    }

    private const nuint Receive = 0xC050_2100, Send = 0xC018_2101;

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nuint a, nuint b, ref Program program);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint what, ref Notice notice);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint what, ref Reply reply);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollEntry entry, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Answered;
    }

    // struct seccomp_notif with its struct seccomp_data, and struct seccomp_notif_resp: linux/seccomp.h.
    private struct Notice
    {
        public ulong Id;
        public uint Thread;
        public uint Flags;
        public int Number;
        public uint Architecture;
        public ulong InstructionPointer;
        public Arguments Arguments;
    }

    [InlineArray(6)]
    private struct Arguments
    {
        private ulong _first;
    }

    private struct Reply
    {
        public ulong Id;
        public long Value;
        public int Error;
        public uint Flags;
    }

    private unsafe struct Program
    {
        public ushort Length;
        public Instruction* First;
    }
}
