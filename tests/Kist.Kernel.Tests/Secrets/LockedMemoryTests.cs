using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Secrets;

public sealed class LockedMemoryTests
{
    [Fact]
    public void TheBytesAreLentAndGoneAfterDisposal()
    {
        var memory = LockedMemory.Copy([1, 2, 3]);
        var copy = new byte[3];
        memory.CopyTo(copy);
        Assert.Equal([1, 2, 3], copy);
        memory.Dispose();
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.CopyTo(copy));
    }

    [Fact]
    public unsafe void DisposalZeroesThePages()
    {
        // The pages are looked at in the moment between zeroing and giving back.
        nint address = 0;
        var seen = new List<byte>();
        var memory = LockedMemory.Copy([1, 2, 3]);
        memory.Use(0, (secret, _) =>
        {
            fixed (byte* p = secret) address = (nint)p;
            return 0;
        });
        memory.Dispose(() => seen.AddRange(new ReadOnlySpan<byte>((void*)address, 3)));
        Assert.Equal([0, 0, 0], seen);
    }

    [Fact]
    public void ThePagesAreWholeAndOutsideTheManagedHeap()
    {
        using var memory = LockedMemory.Random(33);
        var (address, length) = memory.Use(0, static (secret, _) => (AddressOf(secret), secret.Length));
        Assert.Equal(0, address % Environment.SystemPageSize);
        Assert.Equal(33, length);

        static unsafe long AddressOf(ReadOnlySpan<byte> span)
        {
            fixed (byte* p = span) return (long)p;
        }
    }

    [Fact]
    public void ThePagesAreLockedAndLeftOutOfDumps()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var memory = LockedMemory.Random(32);
        var flags = FlagsOfThePagesOf(memory);
        Assert.Contains("dd", flags); // dontdump
        Assert.Equal(memory.IsLocked, flags.Contains("lo"));
    }

    [Fact]
    public void RandomKeysDiffer()
    {
        using var one = LockedMemory.Random(32);
        using var other = LockedMemory.Random(32);
        var (a, b) = (new byte[32], new byte[32]);
        one.CopyTo(a);
        other.CopyTo(b);
        Assert.NotEqual(a, b);
    }

    [Fact]
    public void NoSecretTypePrintsItself()
    {
        using var locked = LockedMemory.Copy("canary"u8);
        using var buffer = SecretBuffer.Copy("canary"u8);
        using var writer = new SecretWriter();
        writer.Write("canary"u8);
        object[] secrets = [locked, buffer, writer];
        Assert.All(secrets, s => Assert.Equal("[REDACTED]", s.ToString()));
        Assert.All(secrets, s => Assert.Equal("[REDACTED]", $"{s}"));
        Assert.All(secrets, s => Assert.Equal("[REDACTED]", string.Format("{0}", s)));
        foreach (var secret in secrets)
        {
            Assert.Equal("\"[REDACTED]\"", JsonSerializer.Serialize(secret, secret.GetType()));
            var shown = Assert.Single(secret.GetType().GetCustomAttributes(typeof(DebuggerDisplayAttribute), false));
            Assert.StartsWith("[REDACTED]", ((DebuggerDisplayAttribute)shown).Value);
        }
    }

    private static string FlagsOfThePagesOf(LockedMemory memory)
    {
        var address = memory.Use(0, static (secret, _) => AddressOf(secret));
        var inside = false;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            var dash = line.IndexOf('-');
            if (dash is > 0 and <= 16 && ulong.TryParse(line[..dash], NumberStyles.HexNumber, null, out var from))
            {
                var to = Convert.ToUInt64(line[(dash + 1)..line.IndexOf(' ')], 16);
                inside = address >= from && address < to;
            }
            if (inside && line.StartsWith("VmFlags:", StringComparison.Ordinal)) return line["VmFlags:".Length..];
        }
        throw new InvalidOperationException("the pages are not in the map");

        static unsafe ulong AddressOf(ReadOnlySpan<byte> span)
        {
            fixed (byte* p = span) return (ulong)p;
        }
    }
}
