using System.Globalization;
using System.Text;
using CsCheck;
using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Kernel.Tests.Pipeline;

public sealed class GoTimeTests
{
    [Fact]
    public void Times_are_written_as_the_platform_writes_them() =>
        Gen.Long[0, DateTime.MaxValue.Ticks].Sample(ticks =>
        {
            Span<byte> utf8 = stackalloc byte[GoTime.MaxLength];
            // Whole seconds and short fractions are rare among all ticks, so each is tried too.
            foreach (var each in (long[])[ticks, ticks - (ticks % 10_000_000), ticks - (ticks % 1000)])
            {
                var time = new DateTimeOffset(each, TimeSpan.Zero);
                var expected = time.UtcDateTime.ToString(
                    "yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture) + "Z";
                Assert.Equal(expected, Encoding.ASCII.GetString(utf8[..GoTime.Write(time, utf8)]));
                Assert.Equal(expected, GoTime.Format(time));
            }
        });

    [Fact]
    public void A_time_of_another_zone_is_written_in_utc() =>
        Assert.Equal("2026-11-23T22:30:00.5Z",
            GoTime.Format(new DateTimeOffset(2026, 11, 24, 0, 30, 0, 500, TimeSpan.FromHours(2))));
}
