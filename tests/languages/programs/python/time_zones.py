import datetime, zoneinfo, calendar
d = datetime.datetime(2024, 3, 31, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
print(d.isoformat(), d.utcoffset(), d.astimezone(zoneinfo.ZoneInfo("America/New_York")), len(zoneinfo.available_timezones()) > 400)
print(calendar.month(2024, 2), datetime.date(2024, 2, 29).strftime("%A %j"))
